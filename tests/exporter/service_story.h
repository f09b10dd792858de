// A service told poll by poll and evaluated at a fake time: what tests of the evaluator speak in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/evaluator.h"
#include "exporter/fingerprint.h"

namespace mse {

inline const Wall kNoon = Wall{} + std::chrono::hours(24 * 365 * 50);

// `text` as a state whose only part is itself.
inline State state_of(const std::string& text, const std::string& secret = "") {
  const std::map<std::string, std::string> parts{{"value", text}};
  return State{{fingerprint("test/1", parts), secret}, text, parts};
}

// One service, one collector "probe", time that only passes when told. Nodes answer what they were
// last given with `is` at every round.
class ServiceStory {
 public:
  explicit ServiceStory(ServiceSettings settings, std::vector<std::string> dimensions = {"config"},
                        std::vector<std::string> deep = {})
      : evaluator(named(std::move(settings)), Cadences{}) {
    evaluator.expect("probe", dimensions, deep);
  }

  static ServiceSettings nodes(const std::vector<std::string>& names) {
    ServiceSettings out;
    for (const std::string& name : names) out.nodes.push_back(node(name));
    return out;
  }

  static NodeSettings node(const std::string& name) { return {name, name + ".internal", {}, true}; }

  static std::vector<NodeSettings> list(const std::vector<std::string>& names) {
    return nodes(names).nodes;
  }

  Now now() const { return {mono, wall}; }
  Wall in(Duration ahead) const { return wall + std::chrono::duration_cast<Wall::duration>(ahead); }

  void pass(Duration time) {
    mono += time;
    wall += std::chrono::duration_cast<Wall::duration>(time);
  }

  // What the node answers from now on.
  void is(const std::string& node, const std::string& text,
          const std::string& dimension = "config") {
    answers[node].dimensions[dimension].outcome = state_of(text);
    failures.erase(node);
  }
  void is_absent(const std::string& node, const std::string& dimension = "config") {
    answers[node].dimensions[dimension].outcome = Absent{};
  }
  void is_unknown(const std::string& node, Reason reason, const std::string& dimension = "config") {
    answers[node].dimensions[dimension].outcome = Unknown{reason};
  }
  void fails(const std::string& node, Reason reason = Reason::refused) { failures[node] = reason; }
  void answers_again(const std::string& node) { failures.erase(node); }
  void forget(const std::string& node) {
    answers.erase(node);
    failures.erase(node);
  }

  void poll(const std::string& node) {
    const auto failure = failures.find(node);
    if (failure != failures.end()) {
      evaluator.lost(node, "probe", failure->second, now());
    } else {
      evaluator.report(node, "probe", answers[node], now());
    }
  }

  // Every node is polled now, and the service evaluated.
  void round() {
    for (const auto& [node, answer] : answers) poll(node);
    evaluate();
  }

  // A poll interval passes, then a round.
  void next_round() {
    pass(std::chrono::seconds(15));
    round();
  }
  void rounds(int n) {
    for (int i = 0; i < n; ++i) next_round();
  }

  void evaluate() { view = evaluator.evaluate(now()); }

  const DimensionView& dimension(const std::string& name = "config") const {
    return view.value().dimensions.at(name);
  }
  const NodeView& node_view(const std::string& node) const {
    for (const NodeView& candidate : view.value().nodes) {
      if (candidate.name == node) return candidate;
    }
    throw std::out_of_range("no node " + node);
  }
  const NodeDimension& at(const std::string& node, const std::string& name = "config") const {
    return node_view(node).dimensions.at(name);
  }
  Status status(const std::string& node, const std::string& name = "config") const {
    return at(node, name).status;
  }
  std::string canonical(const std::string& name = "config", const std::string& group = "") const {
    return dimension(name).canonical.at(group).text;
  }
  std::uint64_t outcomes(Outcome outcome, const std::string& name = "config") const {
    const auto& all = dimension(name).changes;
    const auto found = all.find(outcome);
    return found == all.end() ? 0 : found->second;
  }
  std::uint64_t transitions(Direction direction, const std::string& name = "config") const {
    const auto& all = dimension(name).transitions;
    const auto found = all.find(direction);
    return found == all.end() ? 0 : found->second;
  }

  Mono mono = Mono{} + std::chrono::hours(1);
  Wall wall = kNoon;
  std::map<std::string, Report> answers;
  std::map<std::string, Reason> failures;
  Evaluator evaluator;
  std::optional<ServiceView> view;

 private:
  static ServiceSettings named(ServiceSettings settings) {
    if (settings.name.empty()) settings.name = "shop";
    return settings;
  }
};

}  // namespace mse
