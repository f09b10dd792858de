// One Redis node: its connections, and what one poll of it says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/client/redis.h"
#include "exporter/states.h"

namespace mse {

struct RedisReading {
  RedisSettings connection;
  std::vector<std::string> settings = {"*"};  // what CONFIG is asked for
  // What the sessions of one collector keep is held once. Theirs alone; loop thread.
  std::shared_ptr<StateTable> states = std::make_shared<StateTable>();
  Duration kept_for = std::chrono::minutes(10);  // settings and users, at most
};

// A session that polls on one connection and reads positions on another. A poll asks for INFO
// first, then for what else is due and for INFO again: what was read of a server that is another by
// then (another process, role or history) is unknown{identity_changed}. A command that the server
// refuses costs its dimension only. A deep poll asks for settings and users again only where
// redis_writes.h says that they may have changed, each tenth time, and when they were read kept_for
// ago; on one connection, so of one process.
std::unique_ptr<Session> open_redis(RedisReading reading, std::string address,
                                    Environment& environment);

// What the session sends, as an ACL rule of the user `user`.
std::string redis_grants(const std::string& user);

}  // namespace mse
