// Reads the files that paths and globs name, as they were together at one moment.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "exporter/collector.h"

namespace mse {

struct FileLimits {
  std::size_t bytes = 1U << 20U;  // of one file
  std::size_t files = 100;
  std::size_t total_bytes = 16U << 20U;
};

struct FoundFile {
  std::size_t pattern = 0;  // which of the patterns it was found by
  std::string name;         // its path below the pattern's last folder without wildcards
  std::string bytes;
};

// The regular files that `patterns` (absolute, as glob(7) has them) match now, in the order of
// their names; none where nothing is there. Folders that a wildcard matches are passed over.
//
// Links are resolved first, and again after everything was read: where a link was swapped meanwhile
// to where it did not lead before (as Kubernetes swaps a whole mounted folder, each version in a
// folder of its own) or a file was written to, all is read again, a few times. A link that is
// swapped to and fro between the same folders within one read may go unnoticed. Failures: partial
// (it never stayed still), permission, too_large, protocol (no regular file), overload (no file can
// be opened), internal. Blocks: for a thread that may.
Polled<std::vector<FoundFile>> read_files(const std::vector<std::string>& patterns,
                                          const FileLimits& limits);

bool has_wildcards(const std::string& pattern);

// `text` as a part of a pattern that matches only itself.
std::string without_wildcards(std::string_view text);

}  // namespace mse
