// Opening without waiting, and reading within a limit.
#include "exporter/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mse {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

using Why = Unread::Why;
using Bytes = tl::expected<std::string, Unread>;

Why why_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return Why::missing;
    case EACCES:
    case EPERM:
      return Why::permission;
    case ENXIO:  // a socket
      return Why::not_regular;
    default:
      return Why::other;
  }
}

tl::unexpected<Unread> system_error(const std::string& path) {
  const int code = errno;
  return tl::unexpected(Unread{why_of(code), "cannot read " + path + ": " + std::strerror(code)});
}

tl::unexpected<Unread> too_long(const std::string& path, std::size_t limit) {
  return tl::unexpected(
      Unread{Why::too_long, path + " is longer than " + std::to_string(limit) + " bytes"});
}

Bytes read_whole(int fd, const std::string& path, std::size_t limit) {
  std::string bytes(limit + 1, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > limit) return too_long(path, limit);
  bytes.resize(filled);
  bytes.shrink_to_fit();
  return bytes;
}

bool is_same(const struct stat& before, const struct stat& after) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec;
}

}  // namespace

Bytes read_regular_file(const std::string& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd() < 0) return system_error(path);
  struct stat before{};
  if (::fstat(file.fd(), &before) != 0) return system_error(path);
  if (!S_ISREG(before.st_mode))
    return tl::unexpected(Unread{Why::not_regular, path + " is not a regular file"});
  if (static_cast<std::size_t>(before.st_size) > limit) return too_long(path, limit);
  auto bytes = read_whole(file.fd(), path, limit);
  struct stat after{};
  if (::fstat(file.fd(), &after) != 0) return system_error(path);
  if (bytes && !is_same(before, after))
    return tl::unexpected(Unread{Why::changed, path + " changed while it was read"});
  return bytes;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  auto bytes = read_regular_file(path, limit);
  if (!bytes) return fail(std::move(bytes.error().text));
  return *std::move(bytes);
}

}  // namespace mse
