// The version of Redis or Valkey a node runs.
#pragma once

#include "collectors/redis_info.h"
#include "exporter/model.h"

namespace mse {

// "7.0.15" of Redis, "valkey 8.0.1" of Valkey, which also reports a redis_version, that of the
// Redis it is compatible with. Failure protocol: there is neither.
Polled<State> redis_software_version(const RedisInfo& info);

}  // namespace mse
