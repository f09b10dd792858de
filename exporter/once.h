// The command `once`: polls the configured nodes twice and prints what was seen.
#pragma once

#include "exporter/fetch.h"
#include "exporter/load_config.h"

namespace mse {

// Prints a table of nodes × dimensions on stdout; gives the process's exit code: 0 all canonical, 1
// divergent, 2 unknown or no canonical state. Ends within two poll timeouts and five seconds
// whatever the nodes do. Blocks; runs an event loop of its own.
int once(Config config, Fetch fetch);

}  // namespace mse
