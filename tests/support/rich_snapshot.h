// A snapshot by hand in which every metric and every special case of the exposition occurs.
#pragma once

#include "exporter/snapshot.h"

namespace mse {

Snapshot rich_snapshot();

}  // namespace mse
