// TLS to a real Redis server, with certificates made for the test.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/integration/redis_server.h"
#include "tests/support/certificates.h"

namespace mse {
namespace {

using namespace testing_support;

class TlsRedis : public testing::Test {
 protected:
  TlsRedis() {
    write("ca.pem", ca_.certificate);
    write("other.pem", make_key_pair({.common_name = "other"}).certificate);
  }

  std::string file(const std::string& name) const { return server_.directory() / name; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
  }
  void write_pair(const std::string& name, const KeyPairWish& wish) const {
    const auto pair = make_key_pair(wish);
    write(name + ".pem", pair.certificate);
    write(name + ".key", pair.key);
  }

  // The server presents this from now on, by TLS.
  void present(const KeyPairWish& wish, const std::string& asks_clients = "no") {
    write_pair("server", wish);
    const auto set =
        server_.run({"CONFIG", "SET", "tls-cert-file", file("server.pem"), "tls-key-file",
                     file("server.key"), "tls-ca-cert-file", file("ca.pem"), "tls-auth-clients",
                     asks_clients, "tls-port", std::to_string(port_)});
    ASSERT_EQ(set.text, "OK");
  }

  Polled<std::vector<RedisReply>> ask(RedisSettings settings) const {
    ClientLoop process;
    RedisClient client(std::move(settings), "redis.test:" + std::to_string(port_),
                       process.environment);
    std::vector<RedisCommand> commands(1, RedisCommand{"INFO", "server"});
    return process.run(client.request(std::move(commands), in(std::chrono::seconds(5))));
  }

  RedisSettings trusting(const std::string& ca, StreamTls tls = StreamTls::verify_full) const {
    RedisSettings settings;
    settings.stream.tls = tls;
    settings.stream.ca_file = file(ca);
    return settings;
  }

  void expect_tls_failure(RedisSettings settings, const std::string& words) const {
    const auto replies = ask(std::move(settings));
    ASSERT_FALSE(replies) << "a certificate was believed";
    EXPECT_EQ(name(replies.error().reason), name(Reason::tls)) << replies.error().text;
    EXPECT_NE(replies.error().text.find(words), std::string::npos) << replies.error().text;
    EXPECT_NE(replies.error().text.find("tls: {"), std::string::npos) << "names the key to set";
  }

  KeyPair ca_ = make_key_pair({.common_name = "ca"});
  KeyPairWish right_{.common_name = "redis", .alternative_names = "DNS:redis.test", .issuer = &ca_};
  RedisServer server_;
  std::uint16_t port_ = free_port();
};

TEST_F(TlsRedis, TheRightCertificateIsBelieved) {
  present(right_);
  const auto replies = ask(trusting("ca.pem"));
  ASSERT_TRUE(replies) << replies.error().text;
  EXPECT_NE(replies->front().text.find("redis_version"), std::string::npos);
}

TEST_F(TlsRedis, AnExpiredCertificateIsTls) {
  right_.valid_for = std::chrono::seconds(-60);
  present(right_);
  expect_tls_failure(trusting("ca.pem"), "expired");
}

TEST_F(TlsRedis, ACertificateOfAnotherHostIsTlsUnlessHostsAreNotChecked) {
  right_.alternative_names = "DNS:elsewhere.test";
  present(right_);
  expect_tls_failure(trusting("ca.pem"), "ostname mismatch");
  EXPECT_TRUE(ask(trusting("ca.pem", StreamTls::verify_ca)));
}

TEST_F(TlsRedis, ACertificateOfAnUnknownAuthorityIsTls) {
  present(right_);
  expect_tls_failure(trusting("other.pem"), "certificate");
  expect_tls_failure(trusting("missing.pem"), "files");
}

TEST_F(TlsRedis, AServerThatAsksForACertificateGetsOurs) {
  present(right_, "yes");
  auto settings = trusting("ca.pem");
  const auto without = ask(settings);
  ASSERT_FALSE(without);
  EXPECT_EQ(name(without.error().reason), name(Reason::tls)) << without.error().text;
  write_pair("client", {.common_name = "client", .issuer = &ca_});
  settings.stream.cert_file = file("client.pem");
  settings.stream.key_file = file("client.key");
  const auto with = ask(settings);
  EXPECT_TRUE(with) << with.error().text;
}

}  // namespace
}  // namespace mse
