// Blocking sockets with a time limit.
#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <stdexcept>

namespace mse {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Response parse_response(const std::string& bytes) {
  Response response;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return response;
  response.body = bytes.substr(end + 4);
  std::istringstream lines(bytes.substr(0, end));
  std::string line;
  std::getline(lines, line);
  response.status = std::stoi(line.substr(line.find(' ') + 1));
  while (std::getline(lines, line)) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(": ");
    response.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return response;
}

namespace {

template <typename Address>
bool connected(int socket, const Address& peer) {
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) == 0;
}

bool connected_ipv6(int socket, int port) {
  sockaddr_in6 peer{};
  peer.sin6_family = AF_INET6;
  peer.sin6_port = htons(static_cast<std::uint16_t>(port));
  peer.sin6_addr = in6addr_loopback;
  return connected(socket, peer);
}

bool connected_ipv4(int socket, int port, const std::string& from) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  if (!from.empty()) {
    peer.sin_addr.s_addr = ::inet_addr(from.c_str());
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) return false;
  }
  peer.sin_port = htons(static_cast<std::uint16_t>(port));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connected(socket, peer);
}

}  // namespace

Connection::Connection(int port, const std::string& from)
    : socket_(::socket(from == "::1" ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) throw std::runtime_error("no socket");
  const timeval limit{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (from == "::1" ? connected_ipv6(socket_, port) : connected_ipv4(socket_, port, from)) return;
  ::close(socket_);
  throw std::runtime_error("cannot connect to port " + std::to_string(port));
}

Connection::~Connection() {
  ::close(socket_);
}

void Connection::send(const std::string& bytes) const {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

Response Connection::receive() const {
  std::string bytes;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto n = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (n <= 0) return parse_response(bytes);
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void Connection::end() const {
  ::shutdown(socket_, SHUT_WR);
}

bool Connection::closed_within(std::chrono::milliseconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  std::array<char, 65536> buffer{};
  for (auto left = limit; left.count() > 0;) {
    pollfd waited{socket_, POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(left.count())) == 0) return false;
    if (::recv(socket_, buffer.data(), buffer.size(), 0) <= 0) return true;
    left = std::chrono::duration_cast<std::chrono::milliseconds>(until -
                                                                 std::chrono::steady_clock::now());
  }
  return false;
}

Response exchange(int port, const std::string& bytes, const std::string& from) {
  const Connection connection(port, from);
  connection.send(bytes);
  return connection.receive();
}

Response request(int port, const std::string& method, const std::string& path,
                 const std::string& headers) {
  return exchange(port,
                  method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
}

}  // namespace mse
