// Reads the files in which pipelines declare canonical states and changes, and tells the evaluator.
#pragma once

#include "exporter/config.h"
#include "exporter/evaluator.h"

namespace mse {

// Reads each source of the settings now. What cannot be read is logged and, for a canonical state,
// told as unreachable. Local files only, at most 64 KiB each.
void tell_declared(const ServiceSettings& settings, Evaluator& evaluator, Now now);

}  // namespace mse
