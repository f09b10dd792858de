// An awaitable Redis or Valkey connection: pipelined commands under one deadline and a byte budget.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/client/redis_reply.h"
#include "collectors/client/stream.h"
#include "exporter/collector.h"
#include "exporter/options.h"

namespace mse {

struct RedisSettings {
  std::string user;  // empty: the default user, with the password alone, as before Redis 6
  std::optional<Secret> password;
  StreamSettings stream{.port = 6379, .tls = {}, .ca_file = "", .cert_file = "", .key_file = ""};
  std::uint64_t reply_budget = 16U << 20U;  // bytes of the replies to one request
};

using RedisCommand = std::vector<std::string>;

// One connection, opened when first needed and kept. RESP2. Loop thread only; one request at a
// time; may be destroyed during one, which then fails. It sends what it is told, and AUTH.
class RedisClient {
 public:
  // `greeting` is sent first on each new connection, after AUTH: what holds as long as it does.
  RedisClient(RedisSettings settings, std::string address, Environment& environment,
              std::vector<RedisCommand> greeting = {});
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // The replies to `commands`, in one pipeline, one each and in their order; errors are replies,
  // but for those that mean that the server takes nothing from us: Failure auth and overload (too
  // many clients). Other failures: refused, unreachable, dns, tls, deadline, reset, protocol,
  // too_large, internal. After any Failure the connection is closed.
  asio::awaitable<Polled<std::vector<RedisReply>>> request(std::vector<RedisCommand> commands,
                                                           Mono deadline);

  // The replies to the greeting on the connection that is open, one each; empty while none is.
  const std::vector<RedisReply>& greeted() const;
  bool connected() const;
  // Of ours the server has run since this client was made, AUTH included: our own traffic.
  std::uint64_t commands() const;

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace mse
