// A private Redis server on loopback, for tests.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "collectors/client/redis.h"
#include "tests/support/client_loop.h"

namespace mse::testing_support {

// Of 127.0.0.1, on which nobody listens now.
std::uint16_t free_port();

// `redis-server` on a free port of 127.0.0.1 with a directory of its own and no snapshots; waits
// until it answers. Ended by its pid.
class RedisServer {
 public:
  explicit RedisServer(const std::vector<std::string>& options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // As the default user, on a connection of its own. Fails the test when there is no reply.
  RedisReply run(RedisCommand command);
  // The value of a field of INFO.
  std::string info(const std::string& field);
  void follow(const RedisServer& primary);
  void signal(int number) const;
  void stop();  // at once, without a word to its replicas
  // Another process at the same address, with these options instead; waits until it answers.
  void restart(const std::vector<std::string>& options = {});

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  void start(const std::vector<std::string>& options);
  Polled<std::vector<RedisReply>> ask(RedisCommand command);

  std::uint16_t port_ = 0;
  std::filesystem::path directory_;
  pid_t pid_ = 0;
};

}  // namespace mse::testing_support
