// The program's main job: polls, evaluates and serves until it is told to stop.
#pragma once

#include <vector>

#include "exporter/command_line.h"
#include "exporter/fetch.h"
#include "exporter/load_config.h"

namespace mse {

// Runs until SIGINT or SIGTERM; SIGHUP (and POST /-/reload, when enabled) loads the configuration
// file again, and keeps the old one when the new one is wrong. Gives the process's exit code: 0
// when told to stop, 1 when it could not serve.
int serve(const CommandLine& line, const Config& config, const std::vector<CollectorKind>& kinds,
          Fetch fetch, Send send);

}  // namespace mse
