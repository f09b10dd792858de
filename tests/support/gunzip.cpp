// libdeflate wants room for the whole, whose size the member's last four bytes tell.
#include "tests/support/gunzip.h"

#include <libdeflate.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace mse {

std::string gunzip(const std::string& bytes) {
  if (bytes.size() < 4) throw std::runtime_error("not a gzip member");
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data() + bytes.size() - 4, 4);
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> reader(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::string result(size, '\0');
  std::size_t written = 0;
  const auto outcome = libdeflate_gzip_decompress(reader.get(), bytes.data(), bytes.size(),
                                                  result.data(), result.size(), &written);
  if (outcome != LIBDEFLATE_SUCCESS || written != size) {
    throw std::runtime_error("not a gzip member");
  }
  return result;
}

}  // namespace mse
