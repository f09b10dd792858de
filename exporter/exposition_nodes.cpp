// Metrics of single nodes: status, state, since when, and in how many keys they differ.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;

bool outside_canonical(const NodeDimension& dimension) {
  return dimension.status == Status::divergent || dimension.status == Status::transition;
}

void write_difference(TextFormat& page, Services services) {
  page.family("mixed_state_node_divergent_since_timestamp_seconds", kGauge,
              "When the node was first seen outside the canonical state; only while it is.");
  each_node_dimension(services, [&](const NodeDimensionLabels& node) {
    if (outside_canonical(*node.view) && node.view->since) {
      page.sample(node.labels, {}, seconds(*node.view->since));
    }
  });
  page.family("mixed_state_node_differing_keys", kGauge,
              "Parts in which the node differs from the canonical state; only where states have "
              "parts.");
  each_node_dimension(services, [&](const NodeDimensionLabels& node) {
    if (outside_canonical(*node.view) && !node.view->differing_keys.empty()) {
      page.sample(node.labels, {}, static_cast<double>(node.view->differing_keys.size()));
    }
  });
}

}  // namespace

void write_nodes(TextFormat& page, Services services) {
  page.family("mixed_state_node_info", kGauge, "A watched node, its role and region.");
  each_node(services, [&](const NodeLabels& node) {
    page.sample(node.labels, {{"role", name(node.view->role)}, {"region", node.view->region}}, 1);
  });
  page.family("mixed_state_node_status", kGauge,
              "A node's status: 0 canonical, 1 transition, 2 unknown, 3 divergent.");
  each_node_dimension(services, [&](const NodeDimensionLabels& node) {
    page.sample(node.labels, {}, static_cast<int>(node.view->status));
  });
  page.family("mixed_state_node_state_fingerprint", kGauge,
              "Fingerprint of the node's state; absent when unknown.");
  each_node_dimension(services, [&](const NodeDimensionLabels& node) {
    const auto& state = node.view->state;
    if (state) page.sample(node.labels, {}, static_cast<double>(state->fingerprint));
  });
  write_difference(page, services);
}

}  // namespace mse
