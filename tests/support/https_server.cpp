// One handshake, one request, one answer, then silence until the client hangs up.
#include "tests/support/https_server.h"

#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read_until.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <memory>
#include <system_error>

namespace mse {

namespace {

using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

asio::awaitable<void> answer(std::shared_ptr<Stream> stream, std::string says) {
  try {
    constexpr std::string_view kEnd = "\r\n\r\n";
    co_await stream->async_handshake(Stream::server, asio::use_awaitable);
    std::string head;
    auto buffer = asio::dynamic_buffer(head);
    co_await asio::async_read_until(*stream, buffer, kEnd, asio::use_awaitable);
    const auto said = asio::buffer(says);
    co_await asio::async_write(*stream, said, asio::use_awaitable);
    for (std::array<char, 256> sink{};;) {
      const auto rest = asio::buffer(sink);
      co_await stream->async_read_some(rest, asio::use_awaitable);
    }
  } catch (const std::system_error&) {  // the client hung up, as it should
  }
}

asio::awaitable<void> serve(asio::ip::tcp::acceptor* acceptor, asio::ssl::context* context,
                            std::string says) {
  for (;;) {
    auto socket = co_await acceptor->async_accept(asio::use_awaitable);
    auto stream = std::make_shared<Stream>(std::move(socket), *context);
    asio::co_spawn(acceptor->get_executor(), answer(std::move(stream), says), asio::detached);
  }
}

}  // namespace

HttpsServer::HttpsServer(const KeyPair& identity, std::string answer, const KeyPair* clients)
    : acceptor_(loop_, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      answer_(std::move(answer)) {
  context_.use_certificate(asio::buffer(identity.certificate), asio::ssl::context::pem);
  context_.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
  if (clients != nullptr) {
    context_.add_certificate_authority(asio::buffer(clients->certificate));
    context_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  asio::co_spawn(loop_, serve(&acceptor_, &context_, answer_), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

HttpsServer::~HttpsServer() {
  loop_.stop();
  thread_.join();
}

}  // namespace mse
