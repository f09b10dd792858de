// Where a PostgreSQL server stands in its WAL, for a coordinated position round.
#pragma once

#include <string_view>

#include "collectors/postgres_identity.h"

namespace mse {

// To be sent inside with_identity(), on the connection of the rounds.
extern const std::string_view kPostgresPosition;

// A primary's position is what it has written (pg_current_wal_lsn), a replica's what it has
// replayed.
// A replica's link is up while its WAL receiver streams and has heard its primary within
// wal_receiver_timeout: a frozen receiver says `streaming` for ever, while a live one asks for a
// sign of life after half that time and gives up after the whole. Without a receiver it is down.
// Absent when the receiver is hidden: its details need pg_read_all_stats.
// `at` is left to the caller. Failure protocol.
Polled<PositionReading> parse_position(PostgresSelf self, Rows rows);

// What the link's state needs, for the role `role`, a quoted identifier.
std::string grants_of_positions(const std::string& role);

}  // namespace mse
