// What a webhook is told: that a change has opened, and that it has ended.
#pragma once

#include <string>
#include <vector>

#include "exporter/snapshot.h"

namespace mse {

// The JSON bodies of what happened between two snapshots: a change as the changes API lists it,
// with `event`, which is opened or closed. Nothing is told of a service that the earlier one does
// not show: what happened before it was watched is no news. A change that a declaration adopts
// opens again, as declared. With compare_within a deploy is told of once: opened with its first
// group, closed with its last. A snapshot knows the outcome of one closed change of a dimension: of
// others that ended in the same evaluation it is null.
std::vector<std::string> change_notices(const Snapshot& before, const Snapshot& now);

}  // namespace mse
