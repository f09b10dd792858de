// Fleets of any size for the benchmarks: one service, five dimensions, a few nodes that differ.
#pragma once

#include "exporter/evaluator.h"
#include "exporter/snapshot.h"

namespace mse {

// One service of `nodes` nodes that have not reported yet.
class Fleet {
 public:
  explicit Fleet(int nodes);

  // Every node reports, `seconds` after the last time; one in fifty differs in its settings.
  void report(int seconds);
  // The service evaluated one second later.
  std::optional<ServiceView> evaluate();
  // The same as a whole snapshot, with a collector's view of every node.
  Snapshot snapshot();

 private:
  Now now_;
  std::vector<NodeSettings> nodes_;
  Evaluator evaluator_;
};

}  // namespace mse
