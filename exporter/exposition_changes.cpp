// Metrics of changes: the open and the last one, how nodes move and how fast they converge.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;
constexpr auto kCounter = MetricType::counter;

std::string_view truth(bool value) {
  return value ? "true" : "false";
}

template <typename Key>
double count(const std::map<Key, std::uint64_t>& counts, Key key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : static_cast<double>(found->second);
}

void write_active(TextFormat& page, Services services) {
  page.family("mixed_state_change_active", kGauge, "Whether a change is open, declared or not.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    const auto& open = dimension.view->open_change;
    for (const bool declared : {false, true}) {
      page.sample(dimension.labels, {{"declared", truth(declared)}},
                  open && open->declared == declared ? 1 : 0);
    }
  });
}

template <typename Value>
void write_of_open(TextFormat& page, Services services, Value value) {
  each_dimension(services, [&](const DimensionLabels& dimension) {
    const auto& open = dimension.view->open_change;
    if (open) page.sample(dimension.labels, {}, value(*open));
  });
}

void write_open(TextFormat& page, Services services) {
  page.family("mixed_state_change_start_timestamp_seconds", kGauge,
              "When the open change was initiated.");
  write_of_open(page, services, [](const ChangeView& change) { return seconds(change.started); });
  page.family("mixed_state_change_deadline_timestamp_seconds", kGauge,
              "When the open change should have converged.");
  write_of_open(page, services, [](const ChangeView& change) { return seconds(change.deadline); });
  page.family("mixed_state_change_converged_ratio", kGauge,
              "Share of the inventory at the open change's target.");
  write_of_open(page, services, [](const ChangeView& change) { return change.converged_ratio; });
}

void write_info(TextFormat& page, const std::string& labels,
                const std::optional<ChangeView>& change) {
  if (!change) return;
  page.sample(labels,
              {{"deploy_id", change->deploy_id},
               {"cause", change->cause},
               {"from", change->from},
               {"to", change->to},
               {"open", truth(change->open)}},
              1);
}

void write_who(TextFormat& page, Services services) {
  page.family("mixed_state_change_info", kGauge, "The open change and the last closed one.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    write_info(page, dimension.labels, dimension.view->open_change);
    write_info(page, dimension.labels, dimension.view->last_change);
  });
  page.family("mixed_state_deploy_start_timestamp_seconds", kGauge,
              "When the service's oldest open change, or its last one, was initiated, and by "
              "which deploy.");
  for (const ServiceLabels& service : services) {
    const auto& deploy = service.view->deploy;
    if (!deploy) continue;
    page.sample(service.labels, {{"deploy_id", deploy->deploy_id}, {"cause", deploy->cause}},
                seconds(deploy->started));
  }
}

void write_moves(TextFormat& page, Services services) {
  page.family("mixed_state_changes_total", kCounter, "Changes closed, by outcome.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const Outcome outcome : kOutcomes) {
      page.sample(dimension.labels, {{"outcome", name(outcome)}},
                  count(dimension.view->changes, outcome));
    }
  });
  page.family("mixed_state_node_transitions_total", kCounter,
              "Moves of nodes from state to state, relative to the open or last change.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const Direction direction : kDirections) {
      page.sample(dimension.labels, {{"direction", name(direction)}},
                  count(dimension.view->transitions, direction));
    }
  });
}

void write_convergence(TextFormat& page, Services services) {
  page.family("mixed_state_convergence_total", kCounter,
              "Nodes that a change reached before its deadline, and that it did not.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    page.sample(dimension.labels, {{"within_objective", "true"}},
                static_cast<double>(dimension.view->converged_in_time));
    page.sample(dimension.labels, {{"within_objective", "false"}},
                static_cast<double>(dimension.view->converged_late));
  });
  page.family("mixed_state_node_convergence_seconds", MetricType::histogram,
              "Time from the start of a change to a node's arrival at its target.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    page.histogram(dimension.labels, dimension.view->convergence);
  });
  page.family("mixed_state_change_convergence_p95_seconds", kGauge,
              "Time the last finished change took to reach 95 of 100 nodes.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    const auto& p95 = dimension.view->last_p95;
    if (p95) page.sample(dimension.labels, {}, seconds(*p95));
  });
}

}  // namespace

void write_changes(TextFormat& page, Services services) {
  write_active(page, services);
  write_open(page, services);
  write_who(page, services);
  write_moves(page, services);
  write_convergence(page, services);
}

}  // namespace mse
