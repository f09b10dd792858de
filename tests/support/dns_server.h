// A private DNS server on loopback that answers as a test tells it.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mse {

// A question as it came, and replies to it (RFC 1035).
class DnsQuestion {
 public:
  explicit DnsQuestion(std::string bytes) : bytes_(std::move(bytes)) {}

  int type() const;
  // A reply with `code` (0 fine, 2 SERVFAIL, 3 NXDOMAIN) and records made by record() below.
  std::string reply(int code, const std::string& records = "", int answers = 0, int additional = 0,
                    bool truncated = false) const;

 private:
  std::string bytes_;
};

std::string dns_number(std::uint32_t value, int bytes);
std::string dns_name(const std::string& dotted);
// Of the name that was asked for.
std::string dns_record(int type, const std::string& data);
std::string dns_srv(int port, const std::string& target);

// Runs on the test's loop. Each answer is a datagram; nothing: none comes.
class DnsServer {
 public:
  using Answer = std::function<std::optional<std::string>(const DnsQuestion& question)>;

  // With `by_tcp`, the same port answers by TCP, too.
  DnsServer(asio::io_context& io, Answer answer, Answer by_tcp = nullptr);
  std::string servers() const;
  int questions() const { return questions_; }

 private:
  void receive();
  void accept();

  asio::ip::udp::socket socket_;
  asio::ip::tcp::acceptor acceptor_;
  Answer answer_, by_tcp_;
  std::string buffer_ = std::string(4096, '\0');
  asio::ip::udp::endpoint from_;
  int questions_ = 0;
};

}  // namespace mse
