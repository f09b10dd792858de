// Reads a small regular file whole, and nothing else: never takes more than told.
#pragma once

#include <cstddef>
#include <string>

#include "exporter/result.h"

namespace mse {

// Why a file was not read. `changed` while it was read: what was read is no state of it.
struct Unread {
  enum class Why { missing, permission, not_regular, too_long, changed, other };
  Why why = Why::other;
  std::string text;  // one sentence that names the path
};

// The bytes of `path`; waits for no FIFO or device, but for a remote disk.
tl::expected<std::string, Unread> read_regular_file(const std::string& path, std::size_t limit);

// The same with the sentence as the error.
Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace mse
