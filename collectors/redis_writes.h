// Whether a Redis server's settings and users can have changed since they were read.
#pragma once

#include <cstdint>
#include <optional>

#include "collectors/redis_info.h"

namespace mse {

// What a process has run that changes settings or users, by INFO commandstats: all of CONFIG, ACL,
// MODULE and DEBUG but for what only tells. A subcommand not known here counts as a change.
struct RedisWrites {
  std::uint64_t digest = 0;    // of the process, its role and history, and of each such command
  std::uint64_t asked = 0;     // calls of INFO, which sink when the statistics are reset
  bool by_subcommand = false;  // CONFIG GET is counted apart, as from Redis 7 on
};

// From INFO server, replication and commandstats. Nothing when that does not count INFO.
std::optional<RedisWrites> redis_writes(const RedisInfo& info);

// Nothing of that kind was run between `before` and `now`, no statistics were reset, and our own
// CONFIG GET meanwhile shows that the server tells subcommands apart.
bool is_unwritten(const RedisWrites& before, const RedisWrites& now);

}  // namespace mse
