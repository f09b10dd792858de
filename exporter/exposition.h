// A snapshot as a page of metrics: design section 7, and nothing that is not in the snapshot.
#pragma once

#include <cstdint>
#include <string>

#include "exporter/snapshot.h"

namespace mse {

enum class PerNode { automatic, all, none };

// A service with more nodes than this shows, by itself, only those that need a look.
inline constexpr std::size_t kShownNodes = 500;

struct ExpositionSettings {
  PerNode per_node = PerNode::automatic;  // automatic: above kShownNodes in a service, and for
                                          // ephemeral ones, only those not canonical (or, where
                                          // lag is concerned, lagging or cut off)
  std::string shard = "0";
  int shards = 1;
};

struct Exposition {
  std::string text;
  std::uint64_t dropped = 0;  // series left out because a node or service named too many
};

// Every metric of the snapshot's services in the Prometheus text format 0.0.4. Pure: the same
// snapshot gives the same bytes. Linear in nodes × dimensions.
Exposition render_services(const Snapshot& snapshot, const ExpositionSettings& settings);

}  // namespace mse
