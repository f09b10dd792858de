// One libcurl handle, driven by the event loop: no thread, no blocking call.
#pragma once

#include <curl/curl.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>

#include "exporter/model.h"

namespace mse {

// A handle on a multi of its own, so that closing it closes its connections; an idle one is kept
// for the next transfer. Loop thread only; one transfer at a time.
//
// libcurl tells which of its sockets to watch and when to wake it; asio knows a socket only while
// libcurl wants it watched, and lets go of it before libcurl closes it.
class HttpTransfer : public std::enable_shared_from_this<HttpTransfer> {
 public:
  explicit HttpTransfer(asio::any_io_executor executor);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // To set the options of the next transfer; nothing once closed.
  CURL* handle() const { return easy_; }

  // Runs what the handle is set to. Nothing: it did not end by `deadline`, was cancelled, or
  // closed meanwhile; its connection is then closed.
  static asio::awaitable<std::optional<CURLcode>> run(std::shared_ptr<HttpTransfer> self,
                                                      Mono deadline);

  // Ends the transfer, if any, and closes every connection.
  void close();

 private:
  struct Watched;
  struct Running;

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watched);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void watch(curl_socket_t socket, int what);
  void forget(curl_socket_t socket);
  static void wait(const std::shared_ptr<HttpTransfer>& self,
                   const std::shared_ptr<Watched>& watched, int direction);
  void drive(curl_socket_t socket, int events);
  void end();

  asio::any_io_executor executor_;
  CURLM* multi_;
  CURL* easy_;
  asio::steady_timer wake_, done_;
  std::map<curl_socket_t, std::shared_ptr<Watched>> watched_;
  std::optional<CURLcode> result_;
  bool running_ = false;
};

}  // namespace mse
