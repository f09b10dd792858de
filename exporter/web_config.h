// The file of --web.config.file: TLS, users and headers, as the Prometheus exporter toolkit reads
// them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/callers.h"
#include "exporter/model.h"
#include "exporter/options.h"
#include "exporter/result.h"

namespace mse {

// Values of client_auth_type.
enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

// A PEM, in a file or written in the configuration.
struct PemSource {
  std::string file;  // empty: `text` is it
  std::optional<Secret> text;

  bool given() const { return !file.empty() || text; }
};

struct WebTls {
  PemSource certificate, key, client_ca;
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;  // empty: any
  int min_version = 0, max_version = 0;          // as OpenSSL numbers them
  std::vector<std::string> cipher_suites;        // as OpenSSL names them, of TLS 1.2 and before
  std::vector<std::string> curves;               // as OpenSSL names them
  bool prefer_server_ciphers = true;
};

struct WebRateLimit {
  Duration interval{};  // between requests, in the long run
  int burst = 1;        // at once
};

struct WebConfig {
  std::optional<WebTls> tls;
  std::shared_ptr<const HeaderFields> headers;  // for each answer
  std::map<std::string, Secret> users;          // their bcrypt hashes
  std::optional<WebRateLimit> rate_limit;
  bool asks_http2 = false;
};

// Accepts what the toolkit accepts (github.com/prometheus/exporter-toolkit, web/tls_config.go and
// docs/web-configuration.md), but a bcrypt cost above 16, which nobody could wait for. http2 is
// taken and has no effect: HTTP/1.1 is spoken. Does not open the files that TLS names. Errors name
// file, line and key, and hold no secret.
Result<WebConfig> parse_web_config(const std::string& bytes, const std::string& file);
Result<WebConfig> load_web_config(const std::string& path);

}  // namespace mse
