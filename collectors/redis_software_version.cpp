// Prefers valkey_version.
#include "collectors/redis_software_version.h"

#include "collectors/cells.h"
#include "collectors/parts.h"
#include "exporter/text.h"

namespace mse {

Polled<State> redis_software_version(const RedisInfo& info) {
  const auto valkey = info.text("valkey_version");
  const auto redis = info.text("redis_version");
  const auto version = repaired(valkey ? "valkey " + *valkey : redis.value_or(""), 32);
  if (version.empty()) return protocol("INFO names no version");
  auto state = state_of("redis_software_version/1", {{"version", version}});
  state.text = version;
  return state;
}

}  // namespace mse
