// A client's connection, plain or TLS, as a coroutine reads and writes it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mse {

// A token of awaited work that tells its error in `error`, which lives as long as the work.
inline auto told_in(std::error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

// One operation at a time, on the loop of its socket. Errors are told as an end: what went wrong
// with a client is of no use to it or us.
class ClientStream {
 public:
  explicit ClientStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  // Waits for the first byte and leaves it there; nothing when none came.
  asio::awaitable<std::optional<char>> first_byte();
  // As the server; false when it failed. `context` lives as long as the stream.
  asio::awaitable<bool> handshake(std::shared_ptr<asio::ssl::context> context);
  // How many bytes came; 0: no more will.
  asio::awaitable<std::size_t> read(asio::mutable_buffer into);
  // `bytes` must stay until it is done; false when not all went out.
  asio::awaitable<bool> write(std::string_view bytes);
  // Says that nothing more will be written, and takes what the client still sends, so that it gets
  // to read all before the connection closes.
  asio::awaitable<void> finish();

  std::string error() const { return error_.message(); }
  void cancel();  // the operation under way ends
  void close();
  asio::ip::address peer() const {
    std::error_code error;
    return socket_.remote_endpoint(error).address();
  }
  SSL* tls() { return tls_ ? tls_->native_handle() : nullptr; }

 private:
  asio::ip::tcp::socket socket_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  std::error_code error_;  // of the last operation
};

}  // namespace mse
