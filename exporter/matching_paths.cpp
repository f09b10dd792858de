// glob(3), stopped where it would pass over what it cannot list.
#include "exporter/matching_paths.h"

#include <glob.h>

#include <cerrno>
#include <memory>

namespace mse {
namespace {

// A folder that cannot be listed would look like an empty one.
thread_local Unlisted unlisted;

int stop(const char* path, int code) {
  if (code == ENOENT || code == ENOTDIR) return 0;
  unlisted = {code, path};
  return 1;
}

}  // namespace

tl::expected<std::vector<std::string>, Unlisted> matching_paths(const std::string& pattern) {
  glob_t found{};
  const int code = ::glob(pattern.c_str(), 0, stop, &found);
  const std::unique_ptr<glob_t, decltype(&::globfree)> freed(&found, ::globfree);
  if (code == GLOB_ABORTED) return tl::unexpected(unlisted);
  if (code == GLOB_NOSPACE) return tl::unexpected(Unlisted{ENOMEM, pattern});
  return std::vector<std::string>(found.gl_pathv, found.gl_pathv + found.gl_pathc);
}

}  // namespace mse
