// The least privilege that reading PostgreSQL needs, as SQL to run.
#pragma once

#include <string>
#include <vector>

#include "collectors/postgres_readings.h"

namespace mse {

// What a superuser runs once on the primary, connected to `database`, for the role `user` to read
// `concerns` and positions; each line once. Names are quoted. What only the database knows (the
// schemas of migration tables) are comments to uncomment. No password: it is asked for by psql's
// \password.
std::string postgres_grants(const std::string& user, const std::string& database,
                            const std::vector<PostgresConcern>& concerns);

}  // namespace mse
