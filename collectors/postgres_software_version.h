// The version of PostgreSQL a node runs.
#pragma once

#include "collectors/postgres_readings.h"

namespace mse {

// server_version up to its first space: "15.20", "17beta2". The rest is the distribution's, and two
// builds of one release are the same software. Failure protocol.
Polled<State> parse_software_version(Rows rows);

PostgresConcern postgres_software_version();

}  // namespace mse
