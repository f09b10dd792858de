// Blocking sockets with a time limit.
#include "tests/support/http_client.h"

#include <arpa/inet.h>
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

Response parse(const std::string& bytes) {
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

}  // namespace

Connection::Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (socket_ < 0) throw std::runtime_error("no socket");
  const timeval limit{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(port));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
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
    if (n <= 0) return parse(bytes);
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Response exchange(int port, const std::string& bytes) {
  const Connection connection(port);
  connection.send(bytes);
  return connection.receive();
}

Response request(int port, const std::string& method, const std::string& path,
                 const std::string& headers) {
  return exchange(port,
                  method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
}

}  // namespace mse
