// One PostgreSQL node: its connections, and what one poll of it says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collectors/postgres_readings.h"

namespace mse {

// The dimension the session itself reads, from the identity.
constexpr const char* kReplicationHistory = "replication_history";

// A session that reads `concerns` (which outlive it) on one connection and positions on another.
//
// A report's identity is that of its first statement; what a later one read of a server that is
// another by then is unknown{identity_changed}. A failed statement costs its concern's dimensions
// only, and so does a reply beyond its budget; a connection that fails or hangs fails the poll. A
// replicated dimension of a primary carries the position after it was read, of a replica the one
// before: each errs to the side that lets lag pass for lag.
std::unique_ptr<Session> open_postgres(PostgresSettings settings, std::string address,
                                       Environment& environment,
                                       const std::vector<PostgresConcern>& concerns);

}  // namespace mse
