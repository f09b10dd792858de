// Online schema changes in flight in a PostgreSQL database, or what they left behind.
#pragma once

#include <map>
#include <string>

#include "collectors/client/postgres.h"

namespace mse {

// From the catalogue; no rows on a standby, which holds what its primary has counted already.
// "pg_osc/running" and "pg_osc/leftover" tables, "pgroll/running" tables with both versions'
// columns, "pg_repack/running" tables, "concurrent_index/building" and "concurrent_index/invalid"
// (being built, or failed: serves nobody) indexes.
extern const std::string_view kPostgresOnlineChanges;

// "tool/phase" → count, without zeros. Failure protocol, also for a change nobody asked about.
Polled<std::map<std::string, int>> parse_online_changes(Rows rows);

}  // namespace mse
