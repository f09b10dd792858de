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

tl::unexpected<Error> system_error(const std::string& path) {
  return fail("cannot read " + path + ": " + std::strerror(errno));
}

tl::unexpected<Error> too_long(const std::string& path, std::size_t limit) {
  return fail(path + " is longer than " + std::to_string(limit) + " bytes");
}

Result<std::string> read_whole(int fd, const std::string& path, std::size_t limit) {
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

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd() < 0) return system_error(path);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) return system_error(path);
  if (!S_ISREG(status.st_mode)) return fail(path + " is not a regular file");
  if (static_cast<std::size_t>(status.st_size) > limit) return too_long(path, limit);
  return read_whole(file.fd(), path, limit);
}

}  // namespace mse
