// Reads a small regular file whole, and nothing else: never waits, never takes more than told.
#pragma once

#include <cstddef>
#include <string>

#include "exporter/result.h"

namespace mse {

// The bytes of `path`. An error, one sentence that names the path, when it is missing, not a
// regular file (a directory, FIFO or device is not waited for) or longer than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace mse
