// What a PostgreSQL server says of those that replicate from it, and of the WAL it keeps for them.
#pragma once

#include "collectors/postgres_readings.h"

namespace mse {

// From pg_stat_replication and pg_replication_slots, at most 64 rows of each. A lag that the server
// does not tell (NULL) is 0 only while the replica streams and has replayed all that is written;
// else absent. Names that repeat get "#2", "#3" …. Rows whose details are hidden (no
// pg_read_all_stats) are left out. Failure protocol.
Polled<Downstreams> parse_downstreams(Rows rows);

// From the same rows: the standbys (no logical subscribers, no backups) that connect from another
// host, by application_name, at their address and the port on which this server listens. One that
// connects by loopback or a unix socket is left out: what its address is cannot be told. Failure
// protocol.
Polled<std::vector<Peer>> parse_peers(Rows rows);

PostgresConcern postgres_downstreams();

}  // namespace mse
