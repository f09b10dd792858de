// Go's names for versions, cipher suites and curves, and OpenSSL's.
#include "exporter/web_config_tls.h"

#include <openssl/tls1.h>

#include <utility>

namespace mse {
namespace {

template <typename Value>
using Named = std::vector<std::pair<std::string_view, Value>>;

const Named<int> kVersions{{"TLS10", TLS1_VERSION},
                           {"TLS11", TLS1_1_VERSION},
                           {"TLS12", TLS1_2_VERSION},
                           {"TLS13", TLS1_3_VERSION}};
const Named<ClientAuth> kClientAuth{{"NoClientCert", ClientAuth::none},
                                    {"RequestClientCert", ClientAuth::request},
                                    {"RequireAnyClientCert", ClientAuth::require_any},
                                    {"RequireClientCert", ClientAuth::require_any},
                                    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
                                    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};
const Named<std::string_view> kCurves{
    {"CurveP256", "P-256"},
    {"CurveP384", "P-384"},
    {"CurveP521", "P-521"},
    {"X25519", "X25519"},
    {"X25519MLKEM768", ""}};  // unknown to OpenSSL 3.0; others go on without it
// Those of TLS 1.3 cannot be chosen from in Go, nor here.
const Named<std::string_view> kCiphers{
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"}};

template <typename Value>
std::optional<Value> named(const Named<Value>& names, std::string_view name) {
  for (const auto& [key, value] : names) {
    if (key == name) return value;
  }
  return std::nullopt;
}

template <typename Value>
std::string one_of(const Named<Value>& names) {
  std::string all;
  for (const auto& [key, value] : names) {
    all += all.empty() ? "one of " : ", ";
    all += key;
  }
  return all;
}

// The value named at `key`, or `otherwise` when it is missing or empty.
template <typename Value>
Value choice(Options& options, std::string_view key, const Named<Value>& names, Value otherwise) {
  const auto name = options.text(key);
  if (!name || name->empty()) return otherwise;
  const auto value = named(names, *name);
  if (!value) options.wrong(key, one_of(names));
  return value.value_or(otherwise);
}

std::vector<std::string> choices(Options& options, std::string_view key,
                                 const Named<std::string_view>& names) {
  std::vector<std::string> all;
  for (const auto& name : options.list(key)) {
    const auto value = named(names, name);
    if (!value) {
      options.wrong(key, one_of(names));
      return {};
    }
    if (!value->empty()) all.emplace_back(*value);
  }
  return all;
}

PemSource pem(Options& options, const std::string& key) {
  PemSource source;
  const auto text = options.text(key);
  const std::string file_key = key + "_file";
  const bool has_file = !options.text(file_key).value_or("").empty();
  if (has_file) source.file = options.path(file_key).value_or("");
  if (text && !text->empty()) source.text = Secret(*text);
  if (source.text && has_file) {
    options.wrong(file_key, "either it or `" + key + "`, not both");
  }
  return source;
}

void check(WebTls& tls, Options& options) {
  if (!tls.key.given()) options.wrong("key_file", "the key of the server's certificate");
  if (!tls.certificate.given()) options.wrong("cert_file", "the server's certificate");
  if (tls.client_ca.given() && tls.client_auth == ClientAuth::none) {
    options.wrong(tls.client_ca.text ? "client_ca" : "client_ca_file",
                  "a client_auth_type that asks for client certificates");
  }
  if (tls.min_version > tls.max_version) {
    options.wrong("min_version", "a version that is not above max_version");
  }
}

}  // namespace

std::optional<WebTls> read_web_tls(Options options) {
  WebTls tls;
  tls.certificate = pem(options, "cert");
  tls.key = pem(options, "key");
  tls.client_ca = pem(options, "client_ca");
  tls.client_auth = choice(options, "client_auth_type", kClientAuth, ClientAuth::none);
  tls.client_allowed_sans = options.list("client_allowed_sans");
  tls.min_version = choice(options, "min_version", kVersions, TLS1_2_VERSION);
  tls.max_version = choice(options, "max_version", kVersions, TLS1_3_VERSION);
  tls.cipher_suites = choices(options, "cipher_suites", kCiphers);
  tls.curves = choices(options, "curve_preferences", kCurves);
  tls.prefer_server_ciphers = options.flag("prefer_server_cipher_suites").value_or(true);
  const bool asked = tls.certificate.given() || tls.key.given() || tls.client_ca.given() ||
                     !options.text("client_auth_type").value_or("").empty();
  if (!asked) return std::nullopt;
  check(tls, options);
  return tls;
}

}  // namespace mse
