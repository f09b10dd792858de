// The order of the page, and which nodes have series of their own.
#include "exporter/exposition.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "exporter/exposition_parts.h"

namespace mse {
namespace {

bool lags(const NodeView& node, const Objectives& objectives) {
  if (node.link_up == false) return true;
  if (!node.lag) return false;
  const auto known = node.lag->time ? node.lag->time : node.lag->at_least;
  return known && *known > objectives.replica_lag;
}

// Whether a node that is not shown for its own sake is shown because something is wrong with it.
bool needs_a_look(const NodeView& node, const Objectives& objectives) {
  const bool canonical =
      std::all_of(node.dimensions.begin(), node.dimensions.end(),
                  [](const auto& entry) { return entry.second.status == Status::canonical; });
  return !canonical || lags(node, objectives);
}

// The per-node rules of one service.
class NodeChoice {
 public:
  NodeChoice(const ServiceView& service, PerNode rule) : service_(service), rule_(rule) {
    if (rule != PerNode::automatic) return;
    for (const NodeView& node : service.nodes) {
      if (shows(node)) shown_.insert(node.name);
    }
  }

  bool shows_all_of(const NodeView& node) const {
    if (rule_ != PerNode::automatic) return rule_ == PerNode::all;
    return !node.ephemeral && service_.nodes.size() <= kShownNodes;
  }
  bool shows(const NodeView& node) const {
    if (rule_ == PerNode::none) return false;
    return shows_all_of(node) || needs_a_look(node, service_.objectives);
  }
  bool shows(const CollectorView::Node& node) const {
    if (rule_ != PerNode::automatic) return rule_ == PerNode::all;
    return !node.up || shown_.contains(node.name);
  }

 private:
  const ServiceView& service_;
  PerNode rule_;
  std::unordered_set<std::string_view> shown_;
};

std::string with(std::string labels, std::string_view name, std::string_view value) {
  append_labels(labels, {{name, value}});
  return labels;
}

bool replicates(const NodeView& node) {
  return node.lag || node.link_up || !node.downstreams.replicas.empty() ||
         !node.downstreams.slots.empty();
}

void sample(NodeSamples& samples, const std::string& dimension, const std::string& node,
            const NodeDimension& view) {
  samples.status.push_back({&dimension, &node, static_cast<double>(view.status)});
  if (view.state) {
    const auto fingerprint = static_cast<double>(view.state->key.fingerprint);
    samples.fingerprint.push_back({&dimension, &node, fingerprint});
  }
  if (view.status != Status::divergent && view.status != Status::transition) return;
  if (view.since) samples.since.push_back({&dimension, &node, seconds(*view.since)});
  const auto keys = static_cast<double>(view.differing_keys.size());
  if (keys > 0) samples.differing_keys.push_back({&dimension, &node, keys});
}

// Both lists of dimensions are sorted by name; one that the service does not show has no series.
// The samples refer to the labels, which stay where they are.
void label_node(const NodeView& node, ServiceLabels& service, bool all) {
  service.nodes.push_back({&node, with({}, "node", node.name), replicates(node)});
  auto known = service.view->dimensions.begin();
  auto labels = service.dimensions.begin();
  for (const auto& [name, view] : node.dimensions) {
    for (; labels != service.dimensions.end() && known->first < name.str(); ++known) ++labels;
    if (labels == service.dimensions.end() || known->first != name.str()) continue;
    if (!all && view.status == Status::canonical) continue;
    sample(service.samples, labels->labels, service.nodes.back().label, view);
  }
}

void label_nodes(const ServiceView& view, const NodeChoice& choice, ServiceLabels& service) {
  const auto shown = static_cast<std::size_t>(std::count_if(
      view.nodes.begin(), view.nodes.end(), [&](const auto& node) { return choice.shows(node); }));
  service.nodes.reserve(shown);
  service.samples.status.reserve(shown * view.dimensions.size());
  service.samples.fingerprint.reserve(shown * view.dimensions.size());
  for (const NodeView& node : view.nodes) {
    if (choice.shows(node)) label_node(node, service, choice.shows_all_of(node));
  }
}

CollectorLabels label_collector(const CollectorView& collector, const ServiceLabels& service,
                                const NodeChoice& choice) {
  CollectorLabels result{&collector, with(service.labels, "collector", collector.kind), {}};
  result.nodes.reserve(collector.nodes.size());
  for (const CollectorView::Node& node : collector.nodes) {
    if (choice.shows(node)) result.nodes.push_back({&node, with({}, "node", node.name)});
  }
  return result;
}

ServiceLabels label_service(const ServiceView& view, const ExpositionSettings& settings) {
  ServiceLabels service{&view, {}, {}, {}, {}, {}};
  append_labels(service.labels, {{"service", view.name}, {"shard", settings.shard}});
  for (const auto& [name, dimension] : view.dimensions) {
    service.dimensions.push_back({&dimension, with(service.labels, "dimension", name)});
  }
  const NodeChoice choice(view, settings.per_node);
  label_nodes(view, choice, service);
  for (const CollectorView& collector : view.collectors) {
    service.collectors.push_back(label_collector(collector, service, choice));
  }
  return service;
}

// About the size of the series of single nodes, so that a large page is not copied as it grows.
std::size_t expected_bytes(Services services) {
  constexpr std::size_t kNameAndValue = 70;
  std::size_t bytes = 0;
  for (const ServiceLabels& service : services) {
    if (service.nodes.empty()) continue;
    const std::size_t line = kNameAndValue + service.labels.size() + service.nodes[0].label.size();
    bytes += line * (2 * service.samples.status.size() + 3 * service.nodes.size());
  }
  return bytes;
}

}  // namespace

std::vector<ServiceLabels> label_services(const Snapshot& snapshot,
                                          const ExpositionSettings& settings) {
  std::vector<ServiceLabels> services;
  services.reserve(snapshot.services.size());
  for (const ServiceView& service : snapshot.services) {
    services.push_back(label_service(service, settings));
  }
  return services;
}

Exposition render_services(const Snapshot& snapshot, const ExpositionSettings& settings) {
  const std::vector<ServiceLabels> services = label_services(snapshot, settings);
  TextFormat page;
  page.reserve(expected_bytes(services));
  write_services(page, services);
  write_exposure(page, services);
  write_dimensions(page, services);
  write_changes(page, services);
  write_gate(page, services);
  write_nodes(page, services);
  Exposition result;
  result.dropped += write_replication(page, services, snapshot.position_interval);
  result.dropped += write_migrations(page, services);
  write_measures(page, services);
  write_objectives(page, services);
  write_collectors(page, services);
  result.text = page.take();
  return result;
}

}  // namespace mse
