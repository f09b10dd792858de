// What the groups of metrics share: every service with its label blocks made once. Only for the
// exposition's own files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/exposition.h"
#include "exporter/text_format.h"

namespace mse {

// What names itself from outside (slots, replicas, migration tools) gets at most this many series'
// worth of names per node or service.
inline constexpr std::size_t kOutsideNames = 64;

// Labels service, shard, dimension.
struct DimensionLabels {
  const DimensionView* view;
  std::string labels;
};

// A node that has series of its own; label node only, to be joined: a fleet has many.
struct NodeLabels {
  const NodeView* view;
  std::string label;
  bool replicates;  // there is something to say of replication
};

// A series of a node in a dimension: both parts of its labels, and its value.
struct NodeSample {
  const std::string *dimension, *node;
  double value;
};

// Family by family, read from the snapshot in one pass: in a large fleet each visit to a node
// misses the caches.
struct NodeSamples {
  std::vector<NodeSample> status, fingerprint, since, differing_keys;
};

// Labels service, shard, collector; and label node, of those that have series.
struct CollectorLabels {
  struct Node {
    const CollectorView::Node* view;
    std::string label;
  };
  const CollectorView* view;
  std::string labels;
  std::vector<Node> nodes;
};

// Labels service, shard.
struct ServiceLabels {
  const ServiceView* view;
  std::string labels;
  std::vector<DimensionLabels> dimensions;
  std::vector<NodeLabels> nodes;
  NodeSamples samples;
  std::vector<CollectorLabels> collectors;
};

using Services = std::span<const ServiceLabels>;

// Which nodes have series of their own is decided here.
std::vector<ServiceLabels> label_services(const Snapshot& snapshot,
                                          const ExpositionSettings& settings);

// One a group of metrics; each writes whole families over all services.
void write_services(TextFormat& page, Services services);
void write_exposure(TextFormat& page, Services services);
void write_objectives(TextFormat& page, Services services);
void write_measures(TextFormat& page, Services services);
void write_dimensions(TextFormat& page, Services services);
void write_changes(TextFormat& page, Services services);
void write_gate(TextFormat& page, Services services);
void write_nodes(TextFormat& page, Services services);
void write_collectors(TextFormat& page, Services services);
// These give how many series they left out.
std::uint64_t write_migrations(TextFormat& page, Services services);
std::uint64_t write_replication(TextFormat& page, Services services, Duration position_interval);

inline double seconds(Duration length) {
  return std::chrono::duration<double>(length).count();
}
inline double seconds(Wall at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

// Calls `write` for each dimension, node or collector of all services.
template <typename Write>
void each_dimension(Services services, Write write) {
  for (const ServiceLabels& service : services) {
    for (const DimensionLabels& dimension : service.dimensions) write(dimension);
  }
}
// Calls `write(service, node)`.
template <typename Write>
void each_node(Services services, Write write) {
  for (const ServiceLabels& service : services) {
    for (const NodeLabels& node : service.nodes) write(service, node);
  }
}
template <typename Write>
void each_collector(Services services, Write write) {
  for (const ServiceLabels& service : services) {
    for (const CollectorLabels& collector : service.collectors) write(collector);
  }
}

}  // namespace mse
