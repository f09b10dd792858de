// One request and its answer, gathered piece by piece within budgets.
#pragma once

#include <curl/curl.h>

#include <array>
#include <asio/ip/address.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/client/http.h"

namespace mse {

// Where a request goes: `host` is the name in the URL, `address` what is connected to.
struct HttpTarget {
  std::string host;
  std::uint16_t port = 0;
  asio::ip::address address;
};

// What the sockets of a client may do, and what they wanted.
struct HttpSockets {
  const std::set<std::string>* allow_link_local = nullptr;
  bool may_open = false;   // a new connection was granted
  bool refused = false;    // one was wanted, and was not granted
  bool forbidden = false;  // one led to a link-local address
};

// Sets a handle to a request and keeps what libcurl only borrows. Must outlive the transfer.
class HttpExchange {
 public:
  HttpExchange(const HttpSettings& settings, const HttpTarget& target, const HttpRequest& request,
               HttpSockets& sockets);

  void set_up(CURL* easy);
  // The answer to a transfer that ended with `code`.
  Polled<HttpAnswer> finish(CURL* easy, CURLcode code);
  const std::string& url() const { return url_; }

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static std::size_t on_head(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* sockets, curlsocktype purpose, curl_sockaddr* address);
  bool take_head(std::string_view line);
  bool take_body(std::string_view bytes);
  bool fail_with(Failure failure);
  void set_connection(CURL* easy);
  void set_method(CURL* easy);
  void set_headers(CURL* easy);
  void set_identity(CURL* easy);
  void set_tls(CURL* easy);
  void add(std::unique_ptr<curl_slist, FreeList>& list, const std::string& text);

  const HttpSettings& settings_;
  const HttpTarget& target_;
  const HttpRequest& request_;
  HttpSockets& sockets_;
  std::string url_;
  std::unique_ptr<curl_slist, FreeList> headers_, connect_to_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  HttpAnswer answer_;
  std::uint64_t head_ = 0, body_ = 0;  // bytes
  std::optional<Failure> failure_;
};

// `location` as a reference from `url`; nothing when it leads to another scheme, host or port, or
// is none. `host`, if any, is what the server knows itself by (the Host header): the same place.
// Failure-free and pure. The result is a path with its query.
std::optional<std::string> path_within(const std::string& url, const std::string& location,
                                       const std::string& host = "");

}  // namespace mse
