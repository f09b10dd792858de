// The entries of `maintenance`.
#pragma once

#include <vector>

#include "exporter/config.h"
#include "exporter/options.h"

namespace mse {

// What is wrong, within itself, is remembered in `root`. Zones are looked up in the system's
// database.
std::vector<Maintenance> read_maintenance(Options& root);

}  // namespace mse
