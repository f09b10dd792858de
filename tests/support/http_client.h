// One HTTP exchange over a real socket, with any bytes as the request.
#pragma once

#include <map>
#include <string>

namespace mse {

struct Response {
  int status = 0;                              // 0: the connection closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// An open TCP connection to a port of 127.0.0.1; closes when it goes. Throws when it cannot
// connect.
class Connection {
 public:
  explicit Connection(int port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) const;
  // All that comes until the peer closes; waits 20 s at most.
  Response receive() const;

 private:
  int socket_;
};

Response exchange(int port, const std::string& bytes);

// A request without a body; `headers` are whole lines, each with its \r\n.
Response request(int port, const std::string& method, const std::string& path,
                 const std::string& headers = "");

}  // namespace mse
