// Holds what a story expects against a view.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/snapshot.h"
#include "tests/support/story.h"

namespace mse::story {

// Where counters stood when a story last said `mark`: what it expects of them is counted from
// there.
struct Mark {
  PerStatus<double> requests{}, node_seconds{};
  std::uint64_t lag_within = 0, lag_outside = 0;
};
Mark mark_of(const std::optional<ServiceView>& view);

// What can be seen when a story expects something.
struct Seen {
  const std::optional<ServiceView>& view;
  const Mark& mark;
  const std::set<std::string>& asked_again;  // nodes that the evaluator wants read at once
  Duration stepped;                          // how far the wall clock was moved
};

// Each expectation that does not hold, in words.
std::vector<std::string> unmet(const YAML::Node& expect, const Seen& seen);

}  // namespace mse::story
