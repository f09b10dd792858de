// Configuration files of every format: the first byte chooses it.
#include "collectors/file_formats.h"

#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  if (size == 0) return 0;
  const auto format = static_cast<FileFormat>(data[0] % 6);
  const std::string bytes(bytes_of(data + 1, size - 1));
  const auto values = parse_file(format, bytes, "f");
  if (!values) return 0;
  must_hold(values->size() <= kFileKeys + 1, "the budget of keys");
  must_hold(*parse_file(format, bytes, "f") == *values, "the same bytes mean the same");
  return 0;
}
