// Counts of a service that its nodes keep themselves (M3 to M5, M8): from each node's cumulative
// readings to counters that only rise.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "exporter/exposure.h"
#include "exporter/measures_view.h"
#include "exporter/report.h"

namespace mse {

// Kinds and streams of a service that have a name of their own; further ones are summed as `other`.
inline constexpr std::size_t kMeasuredNames = 64;

// All measures of one service. A node's counter counts as semantics 8 says of requests: the first
// reading is the baseline, a fall is a reset and counts from 0; of rows, which go, it adds nothing.
// Counters and items are summed over nodes and collectors: a job table that several nodes share is
// to be read through one of them (a query pointed at the primary), or it counts once a node.
// Present standings of a node that cannot be read are not known: a sum with it is absent, a maximum
// is that of the others. Pure. One thread.
class MeasureBook {
 public:
  // A gap of more than two polls, over which decisions go to `unknown`.
  void configure(const Cadences& cadences) {
    gap_ = 2 * cadences.poll_interval + cadences.poll_timeout;
  }

  // `collector` told this of the node numbered `node` (never another's number).
  void read(std::uint64_t node, const std::string& collector, const Measures& told, Mono now);
  // It read the node, which has none: what the node stood at is no more.
  void told_nothing(std::uint64_t node, const std::string& collector);
  // It polled a probe, and nothing else is needed: the answer is judged with the dimension.
  void probed(std::uint64_t node, const std::string& collector, const std::string& dimension);
  // `collector` cannot read the node now: its probes have no answer.
  void lost(std::uint64_t node, const std::string& collector);
  // Forgets the nodes that are not among these; what they counted stays.
  void keep(const std::set<std::uint64_t>& nodes);
  // Some node tells what settle() is for.
  bool settles() const { return !tellers_.empty(); }

  // At each evaluation, for each node: decisions since the last go to the worse of its statuses
  // then and now (a node that does not serve weighs nothing), and probes count by `view`.
  void settle(std::uint64_t node, const NodeView& view);

  MeasuresView view() const;

 private:
  struct Decisions {
    std::uint64_t allowed = 0, denied = 0;
  };
  // What one collector told of one node.
  struct Teller {
    Measures last;  // counters: the newest told, also when left out since; standings: of that poll
    bool up = false, read = false;
    Mono read_at{};
    Decisions fresh, gap;
    std::optional<Status> at_reading;
    std::map<std::string, std::uint64_t> probes;  // polls to be judged, by dimension
  };
  // The items of one kind, summed over tellers.
  struct Sum {
    std::optional<std::uint64_t> items;
    bool known = true;
    void add(const std::optional<std::uint64_t>& more, bool up);
  };
  struct Sums {
    Sum pending, mismatched;
  };

  Teller* find(std::uint64_t node, const std::string& collector);
  void read_reconciliations(Teller& teller, const Measures& told);
  void read_schemas(Teller& teller, const Measures& told);
  void read_streams(Teller& teller, const Measures& told);
  void settle_decisions(Teller& teller, const NodeView& view);
  void count_probes(Teller& teller, const NodeView& view);
  static void add_standings(const Teller& teller, MeasuresView& view,
                            std::map<std::string, Sums>& sums);

  Duration gap_ = std::chrono::seconds(35);
  std::map<std::uint64_t, std::map<std::string, Teller>> tellers_;  // by node and collector
  MeasuresView totals_;                                             // without standings
};

}  // namespace mse
