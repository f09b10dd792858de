// One HTTP exchange over a real socket, with any bytes as the request.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace mse {

struct Response {
  int status = 0;                              // 0: the connection closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// An open TCP connection to a port of 127.0.0.1, perhaps from another address of 127.0.0.0/8, or of
// ::1; closes when it goes. Throws when it cannot connect.
class Connection {
 public:
  explicit Connection(int port, const std::string& from = "");
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) const;
  void end() const;  // half-closes: nothing more is sent
  int descriptor() const { return socket_; }
  // Whether the peer has closed, all it sent being thrown away; waits that long at most.
  bool closed_within(std::chrono::milliseconds limit) const;
  // All that comes until the peer closes; waits 20 s at most.
  Response receive() const;

 private:
  int socket_;
};

// What is in `bytes`, up to their end.
Response parse_response(const std::string& bytes);

Response exchange(int port, const std::string& bytes, const std::string& from = "");

// A request without a body; `headers` are whole lines, each with its \r\n.
Response request(int port, const std::string& method, const std::string& path,
                 const std::string& headers = "");

}  // namespace mse
