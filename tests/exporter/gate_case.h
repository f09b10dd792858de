// A service as the gate sees it, made by hand: ten nodes at "A" in config and in access_policy.
#pragma once

#include <string>

#include "exporter/gate.h"

namespace mse {

inline std::shared_ptr<const State> gate_state(const std::string& text) {
  const std::uint64_t fingerprint = text.empty() ? 7 : 1000 + static_cast<unsigned char>(text[0]);
  return std::make_shared<const State>(State{{fingerprint, ""}, text, {}});
}

inline const Wall kGateNoon{std::chrono::hours(24 * 365 * 50)};

class GateCase {
 public:
  GateCase() {
    service.name = "shop";
    service.nodes.resize(10);
    for (std::size_t i = 0; i < service.nodes.size(); ++i)
      service.nodes[i].name = "n" + std::to_string(i);
    for (const char* dimension : {"access_policy", "config"}) {
      DimensionView& view = service.dimensions[dimension];
      view.canonical[""] = {gate_state("A")->key, "A", {}};
      view.nodes = {10, 0, 0, 0};
      for (NodeView& node : service.nodes) {
        node.dimensions[dimension].status = Status::canonical;
        node.dimensions[dimension].state = gate_state("A");
      }
    }
  }

  DimensionView& dimension(const std::string& name = "config") { return service.dimensions[name]; }
  NodeDimension& at(std::size_t node, const std::string& name = "config") {
    return service.nodes[node].dimensions[name];
  }

  void is(std::size_t node, Status status, const std::string& state,
          const std::string& name = "config") {
    NodeDimension& own = at(node, name);
    --dimension(name).nodes.at(static_cast<std::size_t>(own.status));
    ++dimension(name).nodes.at(static_cast<std::size_t>(status));
    own.status = status;
    own.state = state.empty() ? nullptr : gate_state(state);
    own.since = kGateNoon - std::chrono::minutes(static_cast<int>(node));
  }
  void diverges(std::size_t node, const std::string& state, const std::string& name = "config") {
    is(node, Status::divergent, state, name);
  }
  void is_unknown(std::size_t node, const std::string& name = "config") {
    is(node, Status::unknown, "", name);
  }

  // Open in `name`, declared by `deploy` unless that is "none".
  ChangeView& change(const std::string& from, const std::string& to,
                     const std::string& deploy = "none", const std::string& name = "config") {
    ChangeView open;
    open.declared = deploy != "none";
    open.deploy_id = deploy;
    open.from = from;
    open.to = to;
    open.from_state = gate_state(from);
    open.to_state = gate_state(to);
    open.started = kGateNoon;
    open.deadline = kGateNoon + std::chrono::minutes(5);
    return dimension(name).open_change.emplace(open);
  }
  void burns(double share) { service.burn = {share, share, share}; }

  GateAnswer answer(const GateQuestion& question = {}) const {
    return gate(service, question, {std::chrono::seconds(2), std::chrono::seconds(60)});
  }
  Verdict verdict(const GateQuestion& question = {}) const { return answer(question).verdict; }
  // The code of the only reason.
  GateCode code(const GateQuestion& question = {}) const {
    const GateAnswer given = answer(question);
    if (given.reasons.size() != 1) throw std::logic_error("not one reason");
    return given.reasons.front().code;
  }

  ServiceView service;
};

}  // namespace mse
