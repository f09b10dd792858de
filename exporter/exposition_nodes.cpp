// Metrics of single nodes: status, state, since when, and in how many keys they differ.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;

template <typename Value>
void write_values(TextFormat& page, Services services, Value value) {
  each_node(services, [&](const ServiceLabels&, const NodeLabels& node) {
    for (const NodeDimensionValues& dimension : node.dimensions) {
      const std::optional<double> sample = value(dimension);
      if (sample) page.sample_joined(*dimension.dimension, node.label, *sample);
    }
  });
}

}  // namespace

void write_nodes(TextFormat& page, Services services) {
  page.family("mixed_state_node_info", kGauge, "A watched node, its role and region.");
  std::string labels;
  each_node(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    labels = node.label;
    append_labels(labels, {{"role", name(node.view->role)}, {"region", node.view->region}});
    page.sample_joined(service.labels, labels, 1);
  });
  page.family("mixed_state_node_status", kGauge,
              "A node's status: 0 canonical, 1 transition, 2 unknown, 3 divergent.");
  write_values(page, services, [](const auto& values) { return values.status; });
  page.family("mixed_state_node_state_fingerprint", kGauge,
              "Fingerprint of the node's state; absent when unknown.");
  write_values(page, services, [](const auto& values) { return values.fingerprint; });
  page.family("mixed_state_node_divergent_since_timestamp_seconds", kGauge,
              "When the node was first seen outside the canonical state; only while it is.");
  write_values(page, services, [](const auto& values) { return values.since; });
  page.family("mixed_state_node_differing_keys", kGauge,
              "Parts in which the node differs from the canonical state; only where states have "
              "parts.");
  write_values(page, services, [](const auto& values) { return values.differing_keys; });
}

}  // namespace mse
