// What the web configuration accepts, and what it says of what it does not.
#include "exporter/web_config.h"

#include <gmock/gmock.h>
#include <openssl/tls1.h>

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kHash = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const std::string kPair = "tls_server_config: {cert_file: c, key_file: k";

std::string refused(const std::string& yaml) {
  const auto config = parse_web_config(yaml, "/etc/web.yml");
  return config ? "" : config.error().message;
}

WebConfig accepted(const std::string& yaml) {
  auto config = parse_web_config(yaml, "/etc/web.yml");
  EXPECT_TRUE(config) << config.error().message;
  return config ? std::move(*config) : WebConfig{};
}

TEST(WebConfig, WhatTheToolkitAcceptsIsAccepted) {
  for (const std::string& yaml : std::vector<std::string>{
           "",
           "# nothing\n",
           "{}",
           "tls_server_config: {}",
           "tls_server_config: {cert_file: '', key_file: ''}",
           "tls_server_config: {min_version: TLS13}",
           kPair + "}",
           kPair + ", client_auth_type: ''}",
           kPair + ", client_auth_type: NoClientCert}",
           kPair + ", client_auth_type: RequestClientCert}",
           kPair + ", client_auth_type: RequireClientCert}",
           kPair + ", client_auth_type: RequireAnyClientCert, client_ca_file: a}",
           kPair + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: a}",
           kPair + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: a,"
                   " client_allowed_sans: [a.example, 127.0.0.1]}",
           kPair + ", min_version: TLS10, max_version: TLS11}",
           kPair + ", prefer_server_cipher_suites: false}",
           kPair + ", cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}",
           kPair + ", curve_preferences: [CurveP256, X25519]}",
           "tls_server_config:\n  cert: |\n    PEM\n  key: |\n    PEM\n",
           kPair + ", cipher_suites: [], curve_preferences: []}",
           kPair + ", client_auth_type: VerifyClientCertIfGiven, client_ca: PEM}",
           "tls_server_config: {cert: PEM, key_file: k}",
           "http_server_config: {}",
           "http_server_config: {http2: false}",
           "http_server_config: {http2: true, headers: {}}",
           "http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: '1'}}",
           "http_server_config: {headers: {X-Frame-Options: sameorigin}}",
           "http_server_config: {headers: {X-Content-Type-Options: nosniff}}",
           "http_server_config: {headers: {Content-Security-Policy: \"default-src 'self'\"}}",
           "http_server_config: {headers: {Strict-Transport-Security: max-age=9}}",
           "basic_auth_users: {}",
           "basic_auth_users: {alice: " + kHash + ", 'bob smith': " + kHash + "}",
           "basic_auth_users: {a: $2a$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}",
           "rate_limit: {interval: 1s, burst: 10}",
           "rate_limit: {interval: 0s, burst: 10}",
           "rate_limit: {burst: 10}",
       }) {
    EXPECT_EQ(refused(yaml), "") << yaml;
  }
}

TEST(WebConfig, EveryVersionAndCurveOfTheToolkitIsAccepted) {
  for (const char* version : {"TLS10", "TLS11", "TLS12", "TLS13"}) {
    EXPECT_EQ(refused(kPair + ", min_version: " + version + "}"), "") << version;
    EXPECT_EQ(refused(kPair + ", min_version: TLS10, max_version: " + version + "}"), "");
  }
  for (const char* curve : {"CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"}) {
    EXPECT_EQ(refused(kPair + ", curve_preferences: [" + curve + "]}"), "") << curve;
  }
}

TEST(WebConfig, EveryCipherSuiteThatGoCallsSecureIsAccepted) {
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}) {
    EXPECT_EQ(refused(kPair + ", cipher_suites: [" + suite + "]}"), "") << suite;
  }
}

struct Refusal {
  std::string yaml, place, what;
};

TEST(WebConfig, WhatTheToolkitRefusesIsRefusedWithItsPlace) {
  const std::string start = kPair + ", ";
  for (const auto& [yaml, place, what] : std::vector<Refusal>{
           {"a: [", "1:", "expected YAML"},
           {"text", "1:1: ", "a map of settings"},
           {"tls_config: {}", "1:1: ", "unknown key `tls_config`"},
           {"tls_server_config: [a]", "1:20: ", "tls_server_config: expected a map"},
           {"tls_server_config: {cert_flie: c, key_file: k}",
            "1:21: ", "did you mean `cert_file`?"},
           {"tls_server_config: {cert_file: c}", "1:", "key_file: missing"},
           {"tls_server_config: {key_file: k}", "1:", "cert_file: missing"},
           {"tls_server_config: {client_ca_file: a}", "1:", "client_auth_type"},
           {"tls_server_config: {client_auth_type: NoClientCert}", "1:", "cert_file: missing"},
           {start + "cert: c}", "1:", "not both"},
           {start + "key: k}", "1:", "not both"},
           {start + "client_ca_file: a}", "1:", "client_auth_type"},
           {start + "client_ca: a}", "1:", "client_auth_type"},
           {start + "client_auth_type: RequireAnyClientCert, client_ca: a, client_ca_file: a}",
            "1:", "not both"},
           {start + "client_allowed_sans: a}", "1:", "a list"},
           {start + "client_auth_type: Always}", "1:", "one of NoClientCert"},
           {start + "min_version: TLS14}", "1:", "one of TLS10, TLS11, TLS12, TLS13"},
           {start + "min_version: SSL30}", "1:", "min_version"},
           {start + "max_version: tls12}", "1:", "max_version"},
           {start + "min_version: TLS13, max_version: TLS12}", "1:", "not above max_version"},
           {start + "cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}", "1:", "cipher_suites: expected"},
           {start + "cipher_suites: TLS_AES_128_GCM_SHA256}", "1:", "a list"},
           {start + "curve_preferences: [P-256]}", "1:", "one of CurveP256"},
           {start + "prefer_server_cipher_suites: maybe}", "1:", "true or false"},
           {start + "cert_file: d}", "1:", "duplicate key `cert_file`"},
           {"http_server_config: {http2: 2}", "1:", "true or false"},
           {"http_server_config: {http3: true}", "1:", "unknown key `http3`"},
           {"http_server_config: {headers: {Server: x}}", "1:", "unknown key `Server`"},
           {"http_server_config: {headers: {x-frame-options: deny}}", "1:", "unknown key"},
           {"http_server_config: {headers: {X-XSS-Protection: \"1\\nX: y\"}}", "1:", "one line"},
           {"http_server_config: {headers: {X-Frame-Options: DENY}}", "1:", "deny or sameorigin"},
           {"http_server_config: {headers: [X-Frame-Options]}", "1:", "a map"},
           {"http_server_config: {headers: {X-Frame-Options: allow}}", "1:", "deny or sameorigin"},
           {"http_server_config: {headers: {X-Content-Type-Options: sniff}}", "1:", "nosniff"},
           {"basic_auth_users: [alice]", "1:", "basic_auth_users: expected a map"},
           {"basic_auth_users: {alice: hunter2}",
            "1:", "basic_auth_users.alice: expected a bcrypt"},
           {"basic_auth_users: {alice: $1$abc$def}", "1:", "bcrypt"},
           {"basic_auth_users: {alice: ''}", "1:", "bcrypt"},
           {"basic_auth_users: {alice: $2y$03" + kHash.substr(6) + "}", "1:", "bcrypt"},
           {"basic_auth_users: {alice: $2y$17" + kHash.substr(6) + "}",
            "1:", "a cost from 4 to 16"},
           {"basic_auth_users: {alice: $2x$05" + kHash.substr(6) + "}", "1:", "bcrypt"},
           {"basic_auth_users: {alice: " + kHash.substr(0, 59) + "!}", "1:", "bcrypt"},
           {"basic_auth_users: {a: $2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW}",
            "1:", "a cost from 4 to 16"},
           {"basic_auth_users: {alice: " + kHash + "x}", "1:", "bcrypt"},
           {"basic_auth_users: {alice: " + kHash + ", alice: " + kHash + "}", "1:", "duplicate"},
           {"rate_limit: {interval: 1s}", "1:", "burst"},
           {"rate_limit: {interval: 1s, burst: 0}", "1:", "a whole number above 0"},
           {"rate_limit: {interval: 1s, burst: -1}", "1:", "burst"},
           {"rate_limit: {interval: often, burst: 1}", "1:", "a duration"},
           {"rate_limit: {interval: 1s, burst: 1, per: minute}", "1:", "unknown key `per`"},
           {"basic_auth_users: &a {alice: *a}", "1:", "no alias within its own anchor"},
           {"{}\n---\n{}\n", "", "one document"},
       }) {
    const auto error = refused(yaml);
    EXPECT_TRUE(error.starts_with("/etc/web.yml:" + place)) << yaml << "\n" << error;
    EXPECT_THAT(error, HasSubstr(what)) << yaml;
    EXPECT_THAT(error, Not(HasSubstr("hunter2"))) << yaml;
  }
}

TEST(WebConfig, FilesAreBesideTheConfiguration) {
  const auto tls = *accepted(kPair +
                             ", client_auth_type: RequireAndVerifyClientCert, "
                             "client_ca_file: /abs/ca, client_allowed_sans: [x]}")
                        .tls;
  EXPECT_EQ(tls.certificate.file, "/etc/c");
  EXPECT_EQ(tls.key.file, "/etc/k");
  EXPECT_EQ(tls.client_ca.file, "/abs/ca");
  EXPECT_EQ(tls.client_auth, ClientAuth::require_and_verify);
  EXPECT_THAT(tls.client_allowed_sans, ElementsAre("x"));
}

TEST(WebConfig, DefaultsAreModern) {
  const auto tls = *accepted(kPair + "}").tls;
  EXPECT_EQ(tls.min_version, TLS1_2_VERSION);
  EXPECT_EQ(tls.max_version, TLS1_3_VERSION);
  EXPECT_EQ(tls.client_auth, ClientAuth::none);
  EXPECT_TRUE(tls.prefer_server_ciphers);
}

TEST(WebConfig, GoNamesBecomeOpensslNames) {
  const auto tls = *accepted(kPair +
                             ", cipher_suites: [TLS_AES_128_GCM_SHA256, "
                             "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256], "
                             "curve_preferences: [X25519, CurveP521]}")
                        .tls;
  EXPECT_THAT(tls.cipher_suites, ElementsAre("ECDHE-ECDSA-CHACHA20-POLY1305"));
  EXPECT_THAT(tls.curves, ElementsAre("X25519", "P-521"));
}

TEST(WebConfig, HoldsUsersHeadersAndTheRate) {
  const auto config = accepted(
      "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n"
      "basic_auth_users: {alice: " +
      kHash + "}\nrate_limit: {interval: 100ms, burst: 3}\n");
  EXPECT_EQ(*config.headers, (HeaderFields{{"X-Frame-Options", "sameorigin"}}));
  EXPECT_EQ(config.users.at("alice"), Secret(kHash));
  EXPECT_EQ(config.rate_limit->burst, 3);
  EXPECT_EQ(config.rate_limit->interval, std::chrono::milliseconds(100));
  EXPECT_FALSE(config.tls);
}

TEST(WebConfig, SaysThatTheFileIsMissing) {
  const auto config = load_web_config("/nonexistent/web.yml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("/nonexistent/web.yml"));
}

}  // namespace
}  // namespace mse
