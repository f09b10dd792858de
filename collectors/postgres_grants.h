// The least privilege that reading PostgreSQL needs, as SQL to run.
#pragma once

#include <string>
#include <vector>

#include "collectors/postgres_readings.h"

namespace mse {

// What a superuser runs with psql on the primary for the role `user` to read `concerns` and
// positions in `database`; each line once. Running it again, or that of another database after it,
// is fine: what is there stays. Names are quoted. No password: it is asked for by psql's \password.
std::string postgres_grants(const std::string& user, const std::string& database,
                            const std::vector<PostgresConcern>& concerns);

}  // namespace mse
