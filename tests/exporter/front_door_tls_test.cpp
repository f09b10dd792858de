// The front door with a web configuration: TLS, client certificates, users, headers, rotation.
#include <gmock/gmock.h>
#include <openssl/tls1.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/open_door.h"
#include "tests/support/tls_client.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string kHealthy = "GET /-/healthy HTTP/1.1\r\nHost: h\r\n";
const std::string kAlice =
    "basic_auth_users: {alice: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}\n";
const std::string kAsAlice = "Authorization: Basic YWxpY2U6VSpV\r\n";
const std::string kTls = "tls_server_config: {cert_file: server.crt, key_file: server.key";
// Cost 12: a quarter of a second each, several under sanitizers.
const std::string kSlowAlice =
    "basic_auth_users: {alice: $2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}\n";

// A PEM as the value of a key of tls_server_config.
std::string inlined(const std::string& key, const std::string& pem) {
  std::string yaml = "  " + key + ": |\n";
  std::istringstream lines(pem);
  for (std::string line; std::getline(lines, line);) yaml += "    " + line + "\n";
  return yaml;
}

class SecuredDoor : public testing::Test {
 protected:
  SecuredDoor() {
    std::filesystem::create_directories(folder_);
    write_server({.common_name = "first"});
    write("ca.crt", ca_.certificate);
  }
  ~SecuredDoor() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) {
    const auto path = folder_ / name;
    std::ofstream(path.string() + ".new", std::ios::binary) << bytes;
    std::filesystem::rename(path.string() + ".new", path);
  }
  void write_server(const KeyPairWish& wish) {
    const auto identity = make_key_pair(wish);
    write("server.crt", identity.certificate);
    write("server.key", identity.key);
  }
  int open(const std::string& web_config) {
    write("web.yml", web_config);
    FrontDoorSettings settings;
    settings.web_config_file = (folder_ / "web.yml").string();
    settings.limits.head = milliseconds(500);
    settings.limits.reread = milliseconds(20);
    ServerSettings behind;
    behind.reload = [this]() -> Result<void> {
      ++reloads_;
      return {};
    };
    door_ = std::make_unique<OpenDoor>(settings, behind);
    return door_->port();
  }
  // Twenty requests from one address, each with another wrong password.
  static std::vector<std::unique_ptr<Connection>> flood(int port) {
    std::vector<std::unique_ptr<Connection>> all;
    for (int i = 0; i < 20; ++i) {
      all.push_back(std::make_unique<Connection>(port, "127.0.0.2"));
      const std::string password(1, static_cast<char>('a' + i));
      all.back()->send(kHealthy + "Authorization: Basic YWxpY2U6" + password + "WFh\r\n\r\n");
    }
    return all;
  }
  static std::string server_at(int port) { return tls_exchange(port, kHealthy + "\r\n").server; }
  static bool becomes(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("front_door_test." + std::to_string(::getpid()));
  KeyPair ca_ = make_key_pair({.common_name = "ca"});
  std::atomic<int> reloads_ = 0;
  std::unique_ptr<OpenDoor> door_;
};

TEST_F(SecuredDoor, ServesModernClientsAndNoOldOnes) {
  const int port = open(kTls + "}\n");
  for (const int version : {0, TLS1_3_VERSION, TLS1_2_VERSION}) {
    EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n", {.version = version}).response.status, 200);
  }
  for (const int version : {TLS1_1_VERSION, TLS1_VERSION}) {
    EXPECT_FALSE(tls_exchange(port, kHealthy + "\r\n", {.version = version}).shook_hands);
  }
}

TEST_F(SecuredDoor, VersionsAreAsConfigured) {
  const int port = open(kTls + ", min_version: TLS11, max_version: TLS12}\n");
  EXPECT_TRUE(tls_exchange(port, "", {.version = TLS1_1_VERSION}).shook_hands);
  EXPECT_FALSE(tls_exchange(port, "", {.version = TLS1_3_VERSION}).shook_hands);
}

TEST_F(SecuredDoor, PlainHttpIsToldSo) {
  const int port = open(kTls + "}\n");
  const Response response = mse::exchange(port, kHealthy + "\r\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "Client sent an HTTP request to an HTTPS server.\n");
}

TEST_F(SecuredDoor, AStalledHandshakeEnds) {
  const int port = open(kTls + "}\n");
  const Connection stalled(port);
  stalled.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  const Connection silent(port);
  EXPECT_TRUE(stalled.closed_within(seconds(5)));
  EXPECT_TRUE(silent.closed_within(seconds(5)));
}

TEST_F(SecuredDoor, NobodyRenegotiates) {
  const int port = open(kTls + "}\n");
  const TlsClient client{.version = TLS1_2_VERSION, .renegotiates = true};
  const auto result = tls_exchange(port, kHealthy + "\r\n", client);
  EXPECT_TRUE(result.shook_hands);
  EXPECT_FALSE(result.renegotiated);
}

TEST_F(SecuredDoor, RequiredClientCertificatesAreVerified) {
  const int port = open(kTls +
                        ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, "
                        "client_allowed_sans: [good.example, 192.0.2.7]}\n");
  const auto status = [port](const std::optional<KeyPair>& identity) {
    return tls_exchange(port, kHealthy + "\r\n", {.identity = identity}).response.status;
  };
  EXPECT_EQ(status(std::nullopt), 0);
  EXPECT_EQ(status(make_key_pair({.common_name = "x", .alternative_names = "DNS:good.example"})),
            0);
  EXPECT_EQ(status(make_key_pair({"x", "DNS:bad.example", &ca_})), 0);
  EXPECT_EQ(status(make_key_pair({"good.example", "", &ca_})), 0);
  EXPECT_EQ(status(make_key_pair({"x", "DNS:good.example", &ca_, seconds(-60)})), 0);
  EXPECT_EQ(status(make_key_pair({"x", "DNS:other,DNS:good.example", &ca_})), 200);
  EXPECT_EQ(status(make_key_pair({"x", "IP:192.0.2.7", &ca_})), 200);
}

TEST_F(SecuredDoor, EveryKindOfAlternativeNameIsComparedExactly) {
  const int port = open(kTls +
                        ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, "
                        "client_allowed_sans: [\"*.a.example\", \"::7\", ops@a.example, "
                        "\"spiffe://a/ns/ops\"]}\n");
  const auto status = [&](const std::string& names) {
    const auto identity = make_key_pair({"x", names, &ca_});
    return tls_exchange(port, kHealthy + "\r\n", {.identity = identity}).response.status;
  };
  for (const char* names :
       {"DNS:*.a.example", "IP:::7", "email:ops@a.example", "URI:spiffe://a/ns/ops"}) {
    EXPECT_EQ(status(names), 200) << names;
  }
  for (const char* names : {"DNS:b.a.example", "IP:::8", "email:OPS@a.example",
                            "URI:spiffe://a/ns/ops/more", "DNS:a.example"}) {
    EXPECT_EQ(status(names), 0) << names;
  }
}

TEST_F(SecuredDoor, EachClientAuthTypeAdmitsWhomTheToolkitAdmits) {
  const auto own = make_key_pair({.common_name = "own"});
  const auto issued = make_key_pair({"issued", "", &ca_});
  struct Case {
    std::string type;
    int without, with_own, with_issued;
  };
  for (const auto& [type, without, with_own, with_issued] : std::vector<Case>{
           {"NoClientCert}", 200, 200, 200},
           {"RequestClientCert}", 200, 200, 200},
           {"RequireClientCert}", 0, 200, 200},
           {"RequireAnyClientCert, client_ca_file: ca.crt}", 0, 200, 200},
           {"VerifyClientCertIfGiven, client_ca_file: ca.crt}", 200, 0, 200},
           {"RequireAndVerifyClientCert, client_ca_file: ca.crt}", 0, 0, 200},
       }) {
    const int port = open(kTls + ", client_auth_type: " + type + "\n");
    const auto status = [port](const std::optional<KeyPair>& identity) {
      return tls_exchange(port, kHealthy + "\r\n", {.identity = identity}).response.status;
    };
    EXPECT_EQ(status(std::nullopt), without) << type;
    EXPECT_EQ(status(own), with_own) << type;
    EXPECT_EQ(status(issued), with_issued) << type;
  }
}

TEST_F(SecuredDoor, CertificatesMayBeWrittenInTheConfiguration) {
  const auto server = make_key_pair({.common_name = "inline"});
  const int port = open("tls_server_config:\n" + inlined("cert", server.certificate) +
                        inlined("key", server.key) + inlined("client_ca", ca_.certificate) +
                        "  client_auth_type: RequireAndVerifyClientCert\n");
  const TlsClient issued{.identity = make_key_pair({"issued", "", &ca_})};
  EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n", issued).response.status, 200);
  EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n", issued).server, "inline");
  EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n").response.status, 0);
}

TEST_F(SecuredDoor, OnlyAVerifiedCertificateMayChangeSomething) {
  const std::string reload =
      "POST /-/reload HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\n"
      "Content-Length: 0\r\n\r\n";
  const auto issued = make_key_pair({"pipeline", "", &ca_});
  const auto own = make_key_pair({.common_name = "pipeline"});
  int port = open(kTls + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt}\n");
  EXPECT_EQ(tls_exchange(port, reload, {.identity = issued}).response.status, 200);
  EXPECT_EQ(tls_exchange(port, reload).response.status, 403);
  EXPECT_EQ(reloads_, 1);
  port = open(kTls + ", client_auth_type: RequireAnyClientCert}\n");
  EXPECT_EQ(tls_exchange(port, reload, {.identity = own}).response.status, 403);
  EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n", {.identity = own}).response.status, 200);
}

TEST_F(SecuredDoor, APageOfAnotherSiteMayNotChangeSomethingAsTheUserOfTheBrowser) {
  const int port = open(kAlice);
  const auto reload = [port](const std::string& origin) {
    return mse::exchange(port, "POST /-/reload HTTP/1.1\r\nHost: h:9\r\nContent-Length: 0\r\n" +
                                   origin + kAsAlice + "\r\n")
        .status;
  };
  EXPECT_EQ(reload("Origin: https://evil\r\n"), 403);
  EXPECT_EQ(reload("Origin: null\r\n"), 403);
  EXPECT_EQ(reloads_, 0);
  EXPECT_EQ(reload("Origin: http://h:9\r\n"), 200);
  EXPECT_EQ(reload(""), 200);
}

TEST_F(SecuredDoor, ANewCertificateIsServedWithoutARestartAndABrokenOneIsNot) {
  const int port = open(kTls + "}\n");
  EXPECT_EQ(server_at(port), "first");
  write_server({.common_name = "second"});
  EXPECT_TRUE(becomes([&] { return server_at(port) == "second"; }));
  write("server.crt", "no certificate");
  write("server.key", "no key");
  write("ca.crt", "no matter");
  EXPECT_EQ(server_at(port), "second");
  write_server({.common_name = "third", .valid_for = seconds(-60)});
  EXPECT_TRUE(becomes([&] { return server_at(port) == "third"; }));
  write("web.yml", kTls + "}\nrate_limit: {interval: 1h, burst: 1}\n");
  EXPECT_TRUE(
      becomes([&] { return tls_exchange(port, kHealthy + "\r\n").response.status == 429; }));
}

TEST_F(SecuredDoor, WhileTheFileIsWrongNobodyIsServed) {
  const int port = open(kAlice);
  const auto status = [port] { return mse::exchange(port, kHealthy + kAsAlice + "\r\n").status; };
  EXPECT_EQ(status(), 200);
  write("web.yml", "basic_auth_users: {alicia: nonsense}\n");
  EXPECT_TRUE(becomes([&] { return status() == 500; }));
  EXPECT_EQ(mse::exchange(port, kHealthy + "\r\n").status, 500);
  write("web.yml", kAlice);
  EXPECT_TRUE(becomes([&] { return status() == 200; }));
  std::filesystem::remove(folder_ / "web.yml");
  EXPECT_TRUE(becomes([&] { return status() == 500; }));
}

TEST_F(SecuredDoor, ACertificateThatComesAfterTheFileThatNamesItIsFound) {
  const int port = open(kTls + "}\n");
  write("web.yml", "tls_server_config: {cert_file: late.crt, key_file: late.key}\n");
  const auto refused = [&] { return tls_exchange(port, kHealthy + "\r\n").response.status == 500; };
  EXPECT_TRUE(becomes(refused));
  const auto late = make_key_pair({.common_name = "late"});
  write("late.crt", late.certificate);
  write("late.key", late.key);
  EXPECT_TRUE(becomes([&] { return server_at(port) == "late"; }));
  EXPECT_EQ(tls_exchange(port, kHealthy + "\r\n").response.status, 200);
}

TEST_F(SecuredDoor, AUserWhoIsTakenOutIsRefusedThoughThePasswordWasRight) {
  const int port = open(kAlice);
  const auto status = [port] { return mse::exchange(port, kHealthy + kAsAlice + "\r\n").status; };
  EXPECT_EQ(status(), 200);
  write("web.yml", "basic_auth_users: {bob" + kAlice.substr(kAlice.find(": $")));
  EXPECT_TRUE(becomes([&] { return status() == 401; }));
}

TEST_F(SecuredDoor, UsersNeedTheirPassword) {
  const int port = open(kAlice);
  const auto status = [port](const std::string& fields) {
    return mse::exchange(port, kHealthy + fields + "\r\n").status;
  };
  const Response asked = mse::exchange(port, kHealthy + "\r\n");
  EXPECT_EQ(asked.status, 401);
  EXPECT_EQ(asked.headers.at("www-authenticate"), "Basic");
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    EXPECT_EQ(status(kAsAlice), 200);
    EXPECT_EQ(status("Authorization: Basic YWxpY2U6eA==\r\n"), 401);
    EXPECT_EQ(status("Authorization: Basic bWFsbG9yeTpVKlU=\r\n"), 401);
  }
  EXPECT_EQ(status("Authorization: Bearer x\r\n"), 401);
  EXPECT_EQ(mse::exchange(port, "POST /-/reload HTTP/1.1\r\nHost: h\r\n\r\n").status, 401);
  EXPECT_EQ(
      mse::exchange(port, "POST /-/reload HTTP/1.1\r\nHost: h\r\nVia: p\r\n" + kAsAlice + "\r\n")
          .status,
      200);
}

TEST_F(SecuredDoor, AFloodOfPasswordsDelaysNoOtherAddress) {
  const int port = open(kSlowAlice);
  const auto waiting = flood(port);
  const Response other =
      mse::exchange(port, kHealthy + "Authorization: Basic YWxpY2U6eQ==\r\n\r\n", "127.0.0.3");
  EXPECT_EQ(other.status, 401);
  EXPECT_FALSE(waiting.back()->closed_within(milliseconds(1)));
}

TEST_F(SecuredDoor, MayEndWhileClientsWaitForTheirTurn) {
  const int port = open(kSlowAlice);
  const auto waiting = flood(port);
  EXPECT_EQ(mse::exchange(port, kHealthy + "\r\n").status, 401);
  EXPECT_FALSE(waiting.back()->closed_within(milliseconds(1)));
  door_->door.reset();
  for (const auto& each : waiting) EXPECT_TRUE(each->closed_within(seconds(1)));
}

TEST_F(SecuredDoor, APasswordBeingCheckedDelaysNoScrapeWithAKnownOne) {
  const int port = open(kSlowAlice.substr(0, kSlowAlice.find('}')) + ", bob" +
                        kAlice.substr(kAlice.find(": $")));
  const std::string as_bob = "Authorization: Basic Ym9iOlUqVQ==\r\n";
  EXPECT_EQ(mse::exchange(port, kHealthy + as_bob + "\r\n").status, 200);
  const auto waiting = flood(port);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(mse::exchange(port, kHealthy + as_bob + "\r\n").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - started, milliseconds(200));
}

TEST_F(SecuredDoor, ConfiguredHeadersAreInEveryAnswer) {
  const int port = open(
      "http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: "
      "\"default-src 'self'\"}}\n");
  for (const char* path : {"/-/healthy", "/nothing", "no path"}) {
    const Response response = request(port, "GET", path);
    EXPECT_EQ(response.headers.at("x-frame-options"), "deny") << path;
    EXPECT_EQ(response.headers.at("content-security-policy"), "default-src 'self'") << path;
    EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff") << path;
  }
}

TEST_F(SecuredDoor, TheRateIsLimited) {
  const int port = open("rate_limit: {interval: 1h, burst: 2}\n");
  EXPECT_EQ(mse::exchange(port, kHealthy + "\r\n").status, 200);
  EXPECT_EQ(mse::exchange(port, kHealthy + "\r\n").status, 200);
  EXPECT_EQ(mse::exchange(port, kHealthy + "\r\n").status, 429);
}

TEST_F(SecuredDoor, DoesNotOpenWhenTheConfigurationIsWrong) {
  const auto error = [this](const std::string& web_config) {
    write("web.yml", web_config);
    FrontDoorSettings settings;
    settings.listen_address = "127.0.0.1:0";
    settings.web_config_file = (folder_ / "web.yml").string();
    const auto door = FrontDoor::start(settings);
    return door ? std::string() : door.error().message;
  };
  EXPECT_THAT(error("tls: {}\n"), HasSubstr("web.yml:1:1: unknown key `tls`"));
  EXPECT_THAT(error("tls_server_config: {cert_file: gone, key_file: server.key}\n"),
              HasSubstr("gone"));
  EXPECT_THAT(error("tls_server_config: {cert_file: server.key, key_file: server.key}\n"),
              HasSubstr("server.key: expected a certificate in PEM"));
  EXPECT_THAT(error("tls_server_config: {cert_file: server.crt, key_file: server.crt}\n"),
              HasSubstr("server.crt: expected a private key in PEM"));
  EXPECT_THAT(error("tls_server_config: {cert_file: ca.crt, key_file: server.key}\n"),
              HasSubstr("server.key: it is not the certificate's key"));
}

}  // namespace
}  // namespace mse
