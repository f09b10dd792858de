// Any bytes as the web configuration: an error names the file, and what is accepted is checked.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporter/web_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto config = mse::parse_web_config(bytes, "web.yml");
  if (!config) {
    if (!config.error().message.starts_with("web.yml:")) std::abort();
    return 0;
  }
  for (const auto& [user, hash] : config->users) {
    if (hash.reveal().size() != 60) std::abort();
  }
  return 0;
}
