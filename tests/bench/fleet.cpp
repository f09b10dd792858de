// Reports as a collector would make them, without a server.
#include "tests/bench/fleet.h"

#include <array>

#include "exporter/fingerprint.h"

namespace mse {
namespace {

constexpr std::array<const char*, 5> kDimensions{"access_policy", "config", "schema",
                                                 "schema_version", "software_version"};
constexpr int kSettings = 20;

std::vector<NodeSettings> members(int count) {
  std::vector<NodeSettings> nodes(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    auto& node = nodes[static_cast<std::size_t>(i)];
    node.name = "node-" + std::to_string(i) + ".internal";
    node.address = node.name;
  }
  return nodes;
}

ServiceSettings settings(std::vector<NodeSettings> nodes) {
  ServiceSettings service;
  service.name = "fleet";
  service.nodes = std::move(nodes);
  return service;
}

State state(const std::string& dimension, bool differs) {
  State result;
  result.text = "1";
  for (int i = 0; i < kSettings; ++i) {
    result.parts["setting_" + std::to_string(i)] = differs && i < 3 ? "other" : "usual";
  }
  result.key.fingerprint = fingerprint(dimension, result.parts);
  return result;
}

Report node_report(int node) {
  Report report;
  for (const std::string dimension : kDimensions) {
    report.dimensions[dimension].outcome =
        state(dimension, dimension == "config" && node % 50 == 1);
  }
  return report;
}

}  // namespace

Fleet::Fleet(int nodes)
    : now_{Mono(std::chrono::hours(1)), Wall(std::chrono::seconds(1700000000))},
      nodes_(members(nodes)),
      evaluator_(settings(nodes_), Cadences{}) {
  evaluator_.inventory(nodes_, now_);
  evaluator_.expect("bench", {kDimensions.begin(), kDimensions.end()});
}

void Fleet::report(int seconds) {
  now_.mono += std::chrono::seconds(seconds);
  now_.wall += std::chrono::seconds(seconds);
  int nth = 0;
  for (const NodeSettings& node : nodes_) {
    evaluator_.report(node.name, "bench", node_report(nth++), now_);
  }
}

std::optional<ServiceView> Fleet::evaluate() {
  now_.mono += std::chrono::seconds(1);
  now_.wall += std::chrono::seconds(1);
  return evaluator_.evaluate(now_);
}

Snapshot Fleet::snapshot() {
  Snapshot snapshot;
  if (auto view = evaluate()) snapshot.services.push_back(std::move(*view));
  snapshot.at = now_.mono;
  snapshot.wall = now_.wall;
  for (ServiceView& service : snapshot.services) {
    service.collectors.resize(1);
    service.collectors[0].kind = "bench";
    for (const NodeSettings& node : nodes_) {
      service.collectors[0].nodes.push_back({node.name, true, now_.wall, 1});
    }
  }
  return snapshot;
}

}  // namespace mse
