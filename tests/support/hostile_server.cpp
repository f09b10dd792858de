// Plays a script on every connection.
#include "tests/support/hostile_server.h"

#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <memory>
#include <system_error>

namespace mse {

namespace {

using Socket = asio::ip::tcp::socket;
using SocketPtr = std::shared_ptr<Socket>;

asio::awaitable<void> write(SocketPtr socket, std::string bytes) {
  const auto buffer = asio::buffer(bytes);
  co_await asio::async_write(*socket, buffer, asio::use_awaitable);
}

// Reads one message: `head` bytes, of which the last four are its length.
asio::awaitable<void> read_message(SocketPtr socket, std::size_t head) {
  std::array<unsigned char, 5> start{};
  const auto first = asio::buffer(start.data(), head);
  co_await asio::async_read(*socket, first, asio::use_awaitable);
  std::uint32_t length = 0;
  for (std::size_t i = head - 4; i < head; ++i) length = length << 8U | start.at(i);
  std::string rest(length - 4, '\0');
  const auto body = asio::buffer(rest);
  co_await asio::async_read(*socket, body, asio::use_awaitable);
}

constexpr std::size_t kStartupHead = 4, kHead = 5;

asio::awaitable<void> log_in(SocketPtr socket) {
  co_await read_message(socket, kStartupHead);
  const std::string ready = message('Z', "I");
  std::string welcome = message('R', big_endian(0));
  welcome += message('S', std::string("server_version\0"
                                      "15.0\0",
                                      20));
  welcome += message('K', big_endian(4711) + big_endian(42)) + ready;
  co_await write(socket, welcome);
  co_await read_message(socket, kHead);
  co_await write(socket, message('C', std::string("SET\0", 4)) + ready);
}

asio::awaitable<void> say(SocketPtr socket, Script script) {
  if (script.pause == Duration::zero()) {
    co_await write(socket, script.says);
    co_return;
  }
  asio::steady_timer timer(socket->get_executor());
  for (const char byte : script.says) {
    co_await write(socket, std::string(1, byte));
    timer.expires_after(script.pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> repeat(SocketPtr socket, std::string bytes) {
  while (!bytes.empty()) co_await write(socket, bytes);
}

asio::awaitable<void> end(SocketPtr socket, Script::End how) {
  if (how == Script::End::resets) socket->set_option(Socket::linger(true, 0));
  if (how == Script::End::hangs) {
    for (std::array<char, 4096> sink{};;) {
      const auto buffer = asio::buffer(sink);
      co_await socket->async_read_some(buffer, asio::use_awaitable);
    }
  }
  socket->close();
}

asio::awaitable<void> read_request(SocketPtr socket) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::string head;
  auto buffer = asio::dynamic_buffer(head);
  co_await asio::async_read_until(*socket, buffer, kEnd, asio::use_awaitable);
}

asio::awaitable<void> play(SocketPtr socket, Script script) {
  try {
    if (!script.answers_tls.empty()) {
      co_await read_message(socket, kStartupHead);
      co_await write(socket, script.answers_tls);
    }
    if (script.logs_in) {
      co_await log_in(socket);
      if (script.reads_query) co_await read_message(socket, kHead);
    }
    do {
      if (script.reads_request) co_await read_request(socket);
      co_await say(socket, script);
    } while (script.again);
    co_await repeat(socket, script.repeats);
    co_await end(socket, script.end);
  } catch (const std::system_error&) {  // the client hung up, as it should
  }
}

asio::awaitable<void> serve(asio::ip::tcp::acceptor* acceptor, Script script,
                            std::atomic<int>* accepted) {
  for (;;) {
    auto socket = std::make_shared<Socket>(co_await acceptor->async_accept(asio::use_awaitable));
    ++*accepted;
    asio::co_spawn(acceptor->get_executor(), play(std::move(socket), script), asio::detached);
  }
}

}  // namespace

HostileServer::HostileServer(Script script)
    : script_(std::move(script)),
      acceptor_(loop_, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  asio::co_spawn(loop_, serve(&acceptor_, script_, &accepted_), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

HostileServer::~HostileServer() {
  loop_.stop();
  thread_.join();
}

std::string HostileServer::address() const {
  return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift & 255U);
  return bytes;
}

std::string message(char type, const std::string& body, std::uint32_t length) {
  const auto real = static_cast<std::uint32_t>(body.size() + 4);
  return type + big_endian(length == 0 ? real : length) + body;
}

std::string row_description() {
  const std::string one_column("\0\1", 2), name("n\0", 2);
  const std::string table_and_column(6, '\0'), text_type = big_endian(25);
  const std::string size_modifier_format("\xff\xff\xff\xff\xff\xff\0\0", 8);
  return message('T', one_column + name + table_and_column + text_type + size_modifier_format);
}

std::string data_row(const std::string& value) {
  const std::string one_column("\0\1", 2);
  return message('D', one_column + big_endian(static_cast<std::uint32_t>(value.size())) + value);
}

}  // namespace mse
