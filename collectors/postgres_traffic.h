// How many transactions a database has served, our own subtracted.
#pragma once

#include <cstdint>
#include <optional>

#include "collectors/postgres_readings.h"

namespace mse {

// The counter between the polls of one session. The server counts a transaction up to a second
// after it ended, ours included, so what is left after subtracting ours may sink for a moment: it
// is held until the counter catches up, for a sinking counter would read as a restart and count
// everything again.
class PostgresTraffic {
 public:
  // The traffic when the server has counted `total` and we have sent `own` in all. A total below
  // the last one is a reset: what we sent before it counts no more.
  std::uint64_t requests(std::uint64_t total, std::uint64_t own);

 private:
  std::uint64_t total_ = 0, own_before_ = 0, last_ = 0;
};

// xact_commit + xact_rollback of the database; a standby counts its own. Failure protocol.
Polled<std::uint64_t> parse_transactions(Rows rows);

PostgresConcern postgres_traffic();

}  // namespace mse
