// The paths that a pattern of the shell matches.
#pragma once

#include <string>
#include <vector>

#include "exporter/result.h"

namespace mse {

// What of a pattern could not be looked at: nobody knows what is there.
struct Unlisted {
  int code = 0;      // of errno
  std::string path;  // a folder; the pattern where memory ran out
};

// The paths that `pattern` (as glob(7) has it) matches, in the order of their names; none where
// nothing is there, also where a folder is missing. Blocks. Any thread.
tl::expected<std::vector<std::string>, Unlisted> matching_paths(const std::string& pattern);

}  // namespace mse
