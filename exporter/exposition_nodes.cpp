// Metrics of single nodes: status, state, since when, and in how many keys they differ.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;

void write_samples(TextFormat& page, Services services,
                   std::vector<NodeSample> NodeSamples::* family) {
  for (const ServiceLabels& service : services) {
    for (const NodeSample& sample : service.samples.*family)
      page.sample_joined(*sample.dimension, *sample.node, sample.value);
  }
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
  write_samples(page, services, &NodeSamples::status);
  page.family("mixed_state_node_state_fingerprint", kGauge,
              "Fingerprint of the node's state; absent when unknown.");
  write_samples(page, services, &NodeSamples::fingerprint);
  page.family("mixed_state_node_divergent_since_timestamp_seconds", kGauge,
              "When the node was first seen outside the canonical state; only while it is.");
  write_samples(page, services, &NodeSamples::since);
  page.family("mixed_state_node_differing_keys", kGauge,
              "Parts in which the node differs from the canonical state; only where states have "
              "parts.");
  write_samples(page, services, &NodeSamples::differing_keys);
}

}  // namespace mse
