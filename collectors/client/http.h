// An HTTP(S) client on the event loop: one node, one connection kept between requests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/collector.h"

namespace mse {

struct HttpSettings {
  std::uint16_t port = 0;  // of addresses that name none; 0: 80, with TLS 443
  bool tls = false;        // certificate and name are always verified
  std::string ca_file;     // empty: the system's authorities
  std::string cert_file, key_file;
  std::string server_name;  // of SNI and certificate; empty: `host`
  std::string host;         // the Host header; empty: the address's
  std::optional<Secret> bearer_token;
  std::string user;  // of basic authentication, when not empty
  std::optional<Secret> password;
  std::vector<std::pair<std::string, Secret>> headers;
  std::set<std::string> allow_link_local;  // addresses; all other link-local ones are refused

  friend bool operator==(const HttpSettings&, const HttpSettings&) = default;
};

struct HttpRequest {
  enum class Method { get, head, post };

  Method method = Method::get;
  std::string path = "/";  // with query
  std::string body;        // JSON, of post
  std::string accept = "*/*";
  int redirects = 0;  // followed at most, within the same scheme, host (or `host`) and port
  std::uint64_t body_budget = 8U << 20U;
  // Takes the body of a success piece by piece, in place of HttpAnswer::body; false: no more of it,
  // which is Failure too_large. Called until the request ends.
  std::function<bool(std::string_view)> take;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // by lower-case name; the last of each
  std::string body;                            // as sent: no encoding is accepted
};

// Uses nothing of the environment: no proxy, no .netrc, no cookies. HTTP/1.1. Loop thread only; one
// request at a time. Destroying it closes the connection; a request under way then fails.
class HttpClient {
 public:
  // `address` as in NodeSettings.
  HttpClient(HttpSettings settings, std::string address, Environment& environment);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer, whatever its status; a redirect that may not be followed is Failure protocol, one
  // over `redirects` 0 is an answer. Head at most 64 KiB, body at most its budget: else Failure
  // too_large. Failure permission: only link-local addresses that are not allowed. Never reads past
  // the deadline.
  asio::awaitable<Polled<HttpAnswer>> ask(HttpRequest request, Mono deadline);

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace mse
