// Which PostgreSQL settings are a node's own, and how values are made comparable.
#pragma once

#include <string>
#include <string_view>

#include "collectors/cells.h"

namespace mse {

// Settings that differ on nodes that agree: identity and paths, what only one role has, what the
// host or the build decides (reference: comparison of configurations, section 1). A standby made by
// pg_basebackup differs from its primary in nothing else.
bool is_node_local(std::string_view name);

// `value` with its unit resolved to bytes or microseconds, so that two nodes that count in
// different units compare; special values (-1, 0) as they are. Lists without spaces and quotes, in
// order, which matters for libraries and paths, but for log_destination.
std::string canonical_setting(std::string_view name, std::string_view value, const Cell& unit);

}  // namespace mse
