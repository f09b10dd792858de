// The HTTP client and certificates: whom it believes, whom it does not, and how it shows itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "collectors/client/http.h"
#include "tests/support/client_loop.h"
#include "tests/support/https_server.h"

namespace mse {
namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class HttpTls : public testing::Test {
 protected:
  HttpTls() { std::filesystem::create_directories(folder_); }
  ~HttpTls() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& bytes) {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }

  KeyPair issued(const std::string& names, std::chrono::seconds valid_for = std::chrono::hours(1)) {
    return make_key_pair({"server", names, &authority_, valid_for});
  }

  HttpSettings settings() {
    HttpSettings settings;
    settings.tls = true;
    settings.ca_file = file("ca.pem", authority_.certificate);
    return settings;
  }

  Polled<HttpAnswer> ask(const HttpsServer& server, HttpSettings settings,
                         const std::string& host = "127.0.0.1") {
    HttpClient client(std::move(settings), host + ":" + std::to_string(server.port()),
                      process_.environment);
    return process_.run(client.ask({}, in(std::chrono::seconds(5))));
  }

  void expect_refused(const HttpsServer& server, HttpSettings settings) {
    const auto began = std::chrono::steady_clock::now();
    const auto answer = ask(server, std::move(settings));
    ASSERT_FALSE(answer) << "believed";
    EXPECT_EQ(answer.error().reason, Reason::tls) << answer.error().text;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("http_tls_test." + std::to_string(::getpid()));
  KeyPair authority_ = make_key_pair({"authority of a test"});
  ClientLoop process_;
};

TEST_F(HttpTls, ACertificateOfTheAddressIsBelieved) {
  const HttpsServer server(issued("IP:127.0.0.1"), kOk);
  const auto answer = ask(server, settings());
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(HttpTls, TheNameThatIsVerifiedIsTheHostsTheSaidOneOrTheServerName) {
  const HttpsServer server(issued("DNS:www.test"), kOk);
  EXPECT_TRUE(ask(server, settings(), "www.test"));
  auto said = settings();
  said.host = "www.test";
  EXPECT_TRUE(ask(server, said));
  auto named = settings();
  named.host = "elsewhere.test";
  named.server_name = "www.test";
  EXPECT_TRUE(ask(server, named));
}

TEST_F(HttpTls, AnExpiredCertificateIsTls) {
  expect_refused(HttpsServer(issued("IP:127.0.0.1", std::chrono::hours(-1)), kOk), settings());
}

TEST_F(HttpTls, ACertificateOfAnotherHostIsTls) {
  expect_refused(HttpsServer(issued("IP:127.0.0.2,DNS:elsewhere.test"), kOk), settings());
}

TEST_F(HttpTls, ACertificateOfAnotherAuthorityIsTls) {
  const auto stranger = make_key_pair({"stranger"});
  const auto forged = make_key_pair({"server", "IP:127.0.0.1", &stranger});
  expect_refused(HttpsServer(forged, kOk), settings());
}

TEST_F(HttpTls, ACaFileThatIsNotThereIsTls) {
  auto wrong = settings();
  wrong.ca_file = (folder_ / "nowhere.pem").string();
  expect_refused(HttpsServer(issued("IP:127.0.0.1"), kOk), wrong);
}

TEST_F(HttpTls, AServerThatAsksForACertificateGetsOursAndWithoutOneRefusesWithTls) {
  const HttpsServer server(issued("IP:127.0.0.1"), kOk, &authority_);
  const auto own = make_key_pair({"exporter", "", &authority_});
  auto identified = settings();
  identified.cert_file = file("own.pem", own.certificate);
  identified.key_file = file("own.key", own.key);
  const auto answer = ask(server, identified);
  EXPECT_TRUE(answer) << answer.error().text;
  expect_refused(server, settings());
}

}  // namespace
}  // namespace mse
