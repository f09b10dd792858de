// Bytes of RFC 1035, by UDP and TCP.
#include "tests/support/dns_server.h"

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

namespace mse {
namespace {

constexpr std::size_t kHeader = 12;

asio::ip::address_v4 loopback() {
  return asio::ip::address_v4::loopback();
}

// One question by TCP: both ways a length of two bytes goes first.
struct Conversation : std::enable_shared_from_this<Conversation> {
  Conversation(asio::ip::tcp::socket accepted, DnsServer::Answer with)
      : socket(std::move(accepted)), answer(std::move(with)) {}

  void listen() {
    asio::async_read(socket, asio::buffer(bytes, 2),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                       if (!error) self->hear();
                     });
  }
  void hear() {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) * 256 +
                                                 static_cast<unsigned char>(bytes[1]));
    asio::async_read(
        socket, asio::buffer(bytes, std::min(length, bytes.size())),
        [self = shared_from_this(), length](const asio::error_code& error, std::size_t) {
          if (!error) self->say(self->bytes.substr(0, length));
        });
  }
  void say(const std::string& question) {
    const auto reply = answer(DnsQuestion(question));
    if (!reply) return;
    bytes = dns_number(static_cast<std::uint32_t>(reply->size()), 2) + *reply;
    asio::async_write(socket, asio::buffer(bytes),
                      [self = shared_from_this()](const asio::error_code&, std::size_t) {});
  }

  asio::ip::tcp::socket socket;
  DnsServer::Answer answer;
  std::string bytes = std::string(4096, '\0');
};

}  // namespace

std::string dns_number(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xFFU);
  return out;
}

std::string dns_name(const std::string& dotted) {
  std::string out;
  for (std::size_t begin = 0; begin < dotted.size();) {
    const auto end = std::min(dotted.find('.', begin), dotted.size());
    out += static_cast<char>(end - begin) + dotted.substr(begin, end - begin);
    begin = end + 1;
  }
  return out + '\0';
}

std::string dns_record(int type, const std::string& data) {
  const std::string name_asked = "\xC0\x0C";
  return name_asked + dns_number(static_cast<std::uint32_t>(type), 2) + dns_number(1, 2) +
         dns_number(60, 4) + dns_number(static_cast<std::uint32_t>(data.size()), 2) + data;
}

std::string dns_srv(int port, const std::string& target) {
  return dns_record(33, dns_number(10, 2) + dns_number(5, 2) +
                            dns_number(static_cast<std::uint32_t>(port), 2) + dns_name(target));
}

int DnsQuestion::type() const {
  return static_cast<unsigned char>(bytes_[bytes_.size() - 3]);
}

std::string DnsQuestion::reply(int code, const std::string& records, int answers, int additional,
                               bool truncated) const {
  const auto flags = 0x8180U | static_cast<unsigned>(code) | (truncated ? 0x0200U : 0U);
  return bytes_.substr(0, 2) + dns_number(flags, 2) + dns_number(1, 2) +
         dns_number(static_cast<std::uint32_t>(answers), 2) + dns_number(0, 2) +
         dns_number(static_cast<std::uint32_t>(additional), 2) + bytes_.substr(kHeader) + records;
}

DnsServer::DnsServer(asio::io_context& io, Answer answer, Answer by_tcp)
    : socket_(io, {loopback(), 0}),
      acceptor_(io),
      answer_(std::move(answer)),
      by_tcp_(std::move(by_tcp)) {
  receive();
  if (!by_tcp_) return;
  const asio::ip::tcp::endpoint same(loopback(), socket_.local_endpoint().port());
  acceptor_.open(same.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  acceptor_.bind(same);
  acceptor_.listen();
  accept();
}

std::string DnsServer::servers() const {
  return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
}

void DnsServer::receive() {
  socket_.async_receive_from(asio::buffer(buffer_), from_,
                             [this](const asio::error_code& error, std::size_t size) {
                               if (error) return;
                               ++questions_;
                               if (const auto reply = answer_(DnsQuestion(buffer_.substr(0, size))))
                                 socket_.send_to(asio::buffer(*reply), from_);
                               receive();
                             });
}

void DnsServer::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket accepted) {
    if (error) return;
    std::make_shared<Conversation>(std::move(accepted), by_tcp_)->listen();
    accept();
  });
}

}  // namespace mse
