// A TCP server on loopback that misbehaves as a test tells it, on a thread of its own.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <atomic>
#include <string>
#include <thread>

#include "exporter/model.h"

namespace mse {

// What happens on each connection, in this order.
struct Script {
  enum class End { hangs, closes, resets };

  std::string answers_tls;  // to an SSLRequest: "S" or "N", or something that is neither
  bool logs_in = false;     // a PostgreSQL server until the login and the session's set-up are done
  bool reads_query = true;  // then waits for a query, once it logged in
  bool reads_request = false;  // waits for the head of an HTTP request
  bool again = false;          // does so, and says it, until the client hangs up
  std::string says;
  Duration pause{};     // between two bytes of it
  std::string repeats;  // for ever, as fast as the client takes it
  End end = End::hangs;
};

class HostileServer {
 public:
  explicit HostileServer(Script script);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  std::string address() const;
  int accepted() const { return accepted_; }

 private:
  Script script_;
  std::atomic<int> accepted_{0};
  asio::io_context loop_{1};
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

// A message of PostgreSQL's protocol, its length said to be `length` when that is given.
std::string message(char type, const std::string& body, std::uint32_t length = 0);
std::string big_endian(std::uint32_t value);
// Describes rows of one text column named "n".
std::string row_description();
std::string data_row(const std::string& value);

}  // namespace mse
