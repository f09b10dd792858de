// Fuzzes the parser of file_sd files: the first byte chooses JSON or YAML.
#include "exporter/file_sd.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool yaml = data[0] % 2 != 0;
  const auto groups = mse::parse_file_sd(bytes, yaml ? "t.yml" : "t.json");
  if (!groups && groups.error().message.rfind("t.", 0) != 0) std::abort();
  return 0;
}
