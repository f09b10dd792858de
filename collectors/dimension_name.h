// The name that the user gives to a dimension.
#pragma once

#include <optional>
#include <string>

#include "exporter/options.h"

namespace mse {

// The text at `dimension`: lower-case letters, digits and _, at most 64, a letter first; else it
// is wrong.
std::optional<std::string> read_dimension(Options& options);

}  // namespace mse
