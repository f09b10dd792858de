// How many commands a Redis server has run for its clients.
#pragma once

#include <cstdint>
#include <optional>

#include "collectors/redis_info.h"
#include "exporter/report.h"

namespace mse {

// What to count in INFO. Of a primary total_commands_processed (INFO stats). Of a replica that
// counter holds what it replays too, and nothing tells the two apart; so the calls of commands that
// only read (INFO commandstats), which replication never sends. Nothing when INFO does not tell,
// or a writable replica (slave_read_only:0) serves more than reads.
std::optional<std::uint64_t> redis_counter(const RedisInfo& info, Role role);

// The traffic over the polls of one session: never sinks, also when the server restarts, its
// statistics are reset, or a new role makes another counter the right one.
class RedisTraffic {
 public:
  // The traffic when `counter` of a server in `role` reads so, and it has run `own` commands of
  // ours. A replica's counter holds none of ours.
  std::uint64_t requests(Role role, std::uint64_t counter, std::uint64_t own);

 private:
  void begin(Role role, std::uint64_t counter, std::uint64_t own);

  Role role_ = Role::none;  // none: never read
  std::uint64_t counter_ = 0, own_ = 0;
  std::uint64_t first_ = 0, own_before_ = 0;  // where the counter in use began
  std::uint64_t before_ = 0, last_ = 0;       // traffic until then, and in all
};

}  // namespace mse
