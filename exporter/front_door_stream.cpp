// Each operation on the socket, or through TLS over it.
#include "exporter/front_door_stream.h"

#include <array>
#include <asio/write.hpp>

namespace mse {
namespace {

constexpr std::size_t kMostDrained = 1U << 20U;

}  // namespace

asio::awaitable<std::optional<char>> ClientStream::first_byte() {
  co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, told_in(error_));
  if (error_) co_return std::nullopt;
  char first = 0;
  const auto got =
      socket_.receive(asio::buffer(&first, 1), asio::socket_base::message_peek, error_);
  co_return got == 1 ? std::optional(first) : std::nullopt;
}

asio::awaitable<bool> ClientStream::handshake(std::shared_ptr<asio::ssl::context> context) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
  co_await tls_->async_handshake(asio::ssl::stream_base::server, told_in(error_));
  co_return !error_;
}

asio::awaitable<std::size_t> ClientStream::read(asio::mutable_buffer into) {
  std::size_t got = 0;
  if (tls_) {
    got = co_await tls_->async_read_some(into, told_in(error_));
  } else {
    got = co_await socket_.async_read_some(into, told_in(error_));
  }
  co_return error_ ? 0 : got;
}

asio::awaitable<bool> ClientStream::write(std::string_view bytes) {
  const auto all = asio::buffer(bytes.data(), bytes.size());
  if (tls_) {
    co_await asio::async_write(*tls_, all, told_in(error_));
  } else {
    co_await asio::async_write(socket_, all, told_in(error_));
  }
  co_return !error_;
}

asio::awaitable<void> ClientStream::finish() {
  if (tls_) {
    co_await tls_->async_shutdown(told_in(error_));
  }
  std::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> rest;
  const auto into = asio::buffer(rest);
  for (std::size_t drained = 0; drained < kMostDrained;) {
    // Below TLS as well: only its end is of interest.
    const std::size_t got = co_await socket_.async_read_some(into, told_in(error_));
    if (got == 0) co_return;
    drained += got;
  }
}

void ClientStream::cancel() {
  std::error_code ignored;
  socket_.cancel(ignored);
}

void ClientStream::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace mse
