// The invariants of a view: counts agree with nodes, no transition without an allowance, counters
// never fall.
#include "tests/support/invariants.h"

#include <numeric>

namespace mse::story {

std::vector<std::string> Invariants::hold(const ServiceView& view, const World& world) {
  broken_.clear();
  counters(view);
  for (const auto& entry : view.dimensions) dimension(entry.first, view, world);
  return broken_;
}

void Invariants::broken(const std::string& what) {
  if (said_.insert(what).second) broken_.push_back("invariant: " + what);
}

void Invariants::never_falls(const std::string& counter, double value) {
  const auto [known, fresh] = counters_.try_emplace(counter, value);
  if (!fresh && value < known->second) broken(counter + " fell");
  known->second = value;
}

void Invariants::counters(const ServiceView& view) {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<std::size_t>(i);
    const std::string text(name(static_cast<Status>(i)));
    never_falls("requests " + text, view.requests.at(status));
    never_falls("node_seconds " + text, view.node_seconds.at(status));
  }
  never_falls("lag_within", static_cast<double>(view.lag_within));
  never_falls("lag_outside", static_cast<double>(view.lag_outside));
  for (const auto& [dimension, shown] : view.dimensions) {
    never_falls(dimension + " in time", static_cast<double>(shown.converged_in_time));
    never_falls(dimension + " late", static_cast<double>(shown.converged_late));
    for (const auto& [outcome, count] : shown.changes)
      never_falls(dimension + " outcome " + std::to_string(static_cast<int>(outcome)),
                  static_cast<double>(count));
    for (const auto& [direction, count] : shown.transitions)
      never_falls(dimension + " direction " + std::to_string(static_cast<int>(direction)),
                  static_cast<double>(count));
  }
}

void Invariants::dimension(const std::string& dimension, const ServiceView& view,
                           const World& world) {
  const DimensionView& shown = view.dimensions.at(dimension);
  PerStatus<int> counted{};
  int preexisting = 0;
  for (const auto& one : view.nodes) {
    const auto found = one.dimensions.find(dimension);
    if (found == one.dimensions.end() || !world.nodes().contains(one.name)) continue;
    ++counted.at(static_cast<std::size_t>(found->second.status));
    preexisting += found->second.preexisting && found->second.status == Status::divergent ? 1 : 0;
    node(dimension, one, found->second);
  }
  if (counted != shown.nodes) broken(dimension + ": nodes by status are not those of the nodes");
  if (preexisting != shown.preexisting_nodes)
    broken(dimension + ": preexisting_nodes is not the number of such nodes");
  const int allowed = std::accumulate(shown.allowances.begin(), shown.allowances.end(), 0,
                                      [](int sum, const auto& one) { return sum + one.second; });
  if (allowed != shown.nodes.at(static_cast<std::size_t>(Status::transition)))
    broken(dimension + ": allowances do not add up to the nodes in transition");
  if (shown.open_change && !shown.open_change->open) broken(dimension + ": open change is closed");
  if (shown.last_change && !shown.last_change->outcome)
    broken(dimension + ": last change without an outcome");
}

void Invariants::node(const std::string& dimension, const NodeView& node,
                      const NodeDimension& standing) {
  const std::string who = dimension + " of " + node.name;
  if ((standing.status == Status::transition) != standing.allowance.has_value())
    broken(who + ": transition and allowance do not go together");
  if (standing.reason && standing.status != Status::unknown)
    broken(who + ": a reason of unknown without being unknown");
  const bool away = standing.status == Status::divergent || standing.status == Status::transition;
  if (away != standing.since.has_value()) broken(who + ": since is for what is away only");
  if (standing.status == Status::canonical && !standing.state)
    broken(who + ": canonical without a state");
}

}  // namespace mse::story
