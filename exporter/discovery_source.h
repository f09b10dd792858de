// Where nodes of a service are looked for: the interface of what reads files, DNS or primaries.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "exporter/collector.h"
#include "exporter/config.h"

namespace mse {

// One successful read.
struct FoundNodes {
  std::vector<NodeSettings> nodes;    // sorted by name; each name and each address once
  std::vector<std::string> left_out;  // a sentence for each that was not taken, at most 10

  friend bool operator==(const FoundNodes&, const FoundNodes&) = default;
};

// Loop thread only. Never logs.
class DiscoverySource {
 public:
  virtual ~DiscoverySource() = default;

  // What is there now; the same pointer as before when nothing moved. An empty list is an answer
  // (nothing is there); Failure means that nothing can be said.
  virtual asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> find(Mono deadline) = 0;
};

// `nodes` as a read: sorted, without those whose name or address an earlier one has.
FoundNodes unique_nodes(std::vector<NodeSettings> nodes);

// The nodes of `found` that are none of `configured`, by name or address.
std::vector<NodeSettings> without(const std::vector<NodeSettings>& found,
                                  const std::vector<NodeSettings>& configured);

}  // namespace mse
