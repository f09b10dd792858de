// Metrics of a dimension: nodes by status and state, the canonical, allowances and old drift.
#include <algorithm>
#include <map>

#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;
constexpr std::size_t kShownStates = 8;

void write_statuses(TextFormat& page, Services services) {
  page.family("mixed_state_nodes", kGauge, "Nodes by status.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const Status status : kStatuses) {
      page.sample(dimension.labels, {{"status", name(status)}},
                  dimension.view->nodes.at(static_cast<std::size_t>(status)));
    }
  });
}

// The states that have a line of their own, those of a change before the most common. A state that
// differs from another in secrets alone has none: its fingerprint would name the other.
std::vector<const StateNodes*> shown_states(const std::vector<StateNodes>& states) {
  std::vector<const StateNodes*> shown;
  for (const bool of_change : {true, false}) {
    for (const StateNodes& state : states) {
      const bool wanted = (state.role != StateRole::other) == of_change;
      if (wanted && !state.secret_variant) shown.push_back(&state);
    }
  }
  shown.resize(std::min(shown.size(), kShownStates));
  return shown;
}

// One state may be listed once a role and group; a line is one fingerprint in one role.
struct StateLine {
  std::string_view text;
  int nodes = 0;
};

void write_states(TextFormat& page, const DimensionLabels& dimension) {
  std::map<std::pair<std::uint64_t, StateRole>, StateLine> lines;
  int rest = 0;
  for (const StateNodes& state : dimension.view->states) rest += state.nodes;
  for (const StateNodes* state : shown_states(dimension.view->states)) {
    StateLine& line = lines[{state->key.fingerprint, state->role}];
    line.text = state->text;
    line.nodes += state->nodes;
    rest -= state->nodes;
  }
  std::string fingerprint;
  for (const auto& [key, line] : lines) {
    fingerprint = std::to_string(key.first);
    page.sample(dimension.labels,
                {{"fingerprint", fingerprint}, {"state", line.text}, {"role", name(key.second)}},
                line.nodes);
  }
  if (rest > 0) {
    page.sample(dimension.labels,
                {{"fingerprint", "other"}, {"state", "other"}, {"role", name(StateRole::other)}},
                rest);
  }
}

void write_canonical(TextFormat& page, Services services) {
  page.family("mixed_state_canonical_fingerprint", kGauge,
              "Fingerprint of the canonical state; absent when there is none.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const auto& [group, canonical] : dimension.view->canonical) {
      if (!canonical.key) continue;
      page.sample(dimension.labels, {{"group", group}},
                  static_cast<double>(canonical.key->fingerprint));
    }
  });
  page.family("mixed_state_canonical_missing", kGauge, "There is no canonical state, and why.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const auto& [group, canonical] : dimension.view->canonical) {
      if (!canonical.missing) continue;
      page.sample(dimension.labels, {{"group", group}, {"reason", name(*canonical.missing)}}, 1);
    }
  });
}

void write_old_drift(TextFormat& page, Services services) {
  page.family("mixed_state_preexisting_nodes", kGauge,
              "Divergent nodes that already were when the service was first seen.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    page.sample(dimension.labels, {}, dimension.view->preexisting_nodes);
  });
  page.family("mixed_state_preexisting_canonical_missing", kGauge,
              "Whether the canonical state has been missing since the service was first seen.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    page.sample(dimension.labels, {}, dimension.view->preexisting_canonical_missing ? 1 : 0);
  });
}

void write_allowances(TextFormat& page, Services services) {
  page.family("mixed_state_allowances", kGauge, "Nodes in transition, by what allows it.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    for (const AllowanceSource source : kAllowanceSources) {
      const auto found = dimension.view->allowances.find(source);
      page.sample(dimension.labels, {{"source", name(source)}},
                  found == dimension.view->allowances.end() ? 0 : found->second);
    }
  });
}

}  // namespace

void write_dimensions(TextFormat& page, Services services) {
  write_statuses(page, services);
  page.family("mixed_state_state_nodes", kGauge,
              "Nodes by live state: the eight most common, those of a change first; the rest and "
              "states that differ in secrets alone as other.");
  each_dimension(services,
                 [&](const DimensionLabels& dimension) { write_states(page, dimension); });
  write_canonical(page, services);
  page.family("mixed_state_enforcement", kGauge,
              "What divergence leads to: 2 a page, 1 a ticket, 0 nothing.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    page.sample(dimension.labels, {}, static_cast<int>(dimension.view->enforce));
  });
  write_allowances(page, services);
  write_old_drift(page, services);
  page.family("mixed_state_schema_compatible", kGauge,
              "Whether all live states of serving nodes are equal or listed as compatible.");
  each_dimension(services, [&](const DimensionLabels& dimension) {
    const auto& compatible = dimension.view->compatible;
    if (compatible) page.sample(dimension.labels, {}, *compatible ? 1 : 0);
  });
}

}  // namespace mse
