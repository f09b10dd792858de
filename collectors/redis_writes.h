// Whether a Redis server's settings and users can have changed since they were read.
#pragma once

#include <cstdint>
#include <optional>

#include "collectors/redis_info.h"

namespace mse {

// What a process has run that may change settings or users, by INFO commandstats: all that has
// "config" or "acl" in its name, MODULE and DEBUG, but for what is known to only tell.
struct RedisWrites {
  std::uint64_t digest = 0;    // of the process, its role and history, and of each such command
  std::uint64_t asked = 0;     // calls of INFO, by anyone
  bool by_subcommand = false;  // CONFIG GET is counted apart, as from Redis 7 on
};

// From INFO server, replication and commandstats. Nothing when that does not count INFO, or
// CONFIG as one (Redis 6), or CONFIG RESETSTAT was ever run: after two of those the counts may read
// as before, whatever was set between them.
std::optional<RedisWrites> redis_writes(const RedisInfo& info);

// Nothing of that kind was run between `before` and `now`.
bool is_unwritten(const RedisWrites& before, const RedisWrites& now);

}  // namespace mse
