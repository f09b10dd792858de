// A snapshot as a page of metrics: design section 7, and nothing that is not in the snapshot.
#pragma once

#include <string>

#include "exporter/snapshot.h"

namespace mse {

enum class PerNode { automatic, all, none };

struct ExpositionSettings {
  PerNode per_node = PerNode::automatic;  // automatic: above 500 nodes, and for ephemeral ones,
                                          // only those not canonical
  std::string shard = "0";
  int shards = 1;
};

// Every metric of the snapshot's services in the Prometheus text format 0.0.4. Pure: the same
// snapshot gives the same bytes. Linear in nodes × dimensions.
std::string render_services(const Snapshot& snapshot, const ExpositionSettings& settings);

}  // namespace mse
