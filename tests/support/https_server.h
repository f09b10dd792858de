// An HTTPS server on loopback that gives one answer to everybody, on a thread of its own.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <string>
#include <thread>

#include "tests/support/certificates.h"

namespace mse {

class HttpsServer {
 public:
  // With `clients`, only a client with a certificate that it signed is answered.
  HttpsServer(const KeyPair& identity, std::string answer, const KeyPair* clients = nullptr);
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  int port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context loop_{1};
  asio::ssl::context context_{asio::ssl::context::tls_server};
  asio::ip::tcp::acceptor acceptor_;
  std::string answer_;
  std::thread thread_;
};

}  // namespace mse
