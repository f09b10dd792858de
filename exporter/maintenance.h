// Which maintenance window of a service is open at an instant, in the time zone people gave.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/evaluator.h"

namespace mse {

using OpenMaintenance = Evaluator::OpenMaintenance;

// The window of `service` that is open at `now`: its begin belongs to it, its end does not. Of
// several the one that ends last. A weekly window that begins in an hour that the zone skips or
// repeats is as long as it can be: from the earlier begin to the later end.
std::optional<OpenMaintenance> open_maintenance(const std::vector<Maintenance>& windows,
                                                const std::string& service, Wall now);

}  // namespace mse
