// Plays a story: polls the pretended servers at their cadence, evaluates, and holds each step's
// expectations against the view.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/evaluator.h"
#include "tests/support/expectation.h"
#include "tests/support/invariants.h"
#include "tests/support/story.h"
#include "tests/support/world.h"

namespace mse::story {

// The real engine's loop with a clock of its own: at each second what the story changes, then the
// polls that are due, then the evaluation, then what the story expects.
class FakeEngine {
 public:
  explicit FakeEngine(Story story);

  // Every expectation that did not hold and every invariant that broke, each with its story time.
  std::vector<std::string> play();

 private:
  Now now() const {
    return {Mono{} + std::chrono::hours(1) + time_, beginning() + time_ + stepped_};
  }
  void start();
  void second();
  void act(const YAML::Node& actions);
  void put(const YAML::Node& facts, bool known);
  void restart(bool with_history);
  void sources();
  void poll(bool deep);
  void poll(const std::string& name, const std::string& collector, bool deep);
  void evaluate();
  void check(const YAML::Node& expect);
  void declaration(const YAML::Node& node, bool file);
  void declared(const YAML::Node& node);
  void maintenance(const YAML::Node& node);
  void tell_declared(const std::string& dimension);

  Story story_;
  World world_;
  Evaluator evaluator_;
  Duration time_{}, stepped_{};
  std::map<std::string, Declaration> files_;    // dimension → what its changes file says
  std::map<std::string, std::string> targets_;  // dimension → declared value; "" unreachable
  std::optional<Evaluator::OpenMaintenance> open_maintenance_;
  std::optional<ServiceView> view_;
  Mark mark_;
  std::set<std::string> asked_again_;  // nodes to be read again, since the last polls
  bool mark_due_ = false;
  Invariants invariants_;
  std::vector<std::string> failures_;
};

// Plays the story in `yaml`; a Mistake in it is a failure too.
std::vector<std::string> play(const std::string& yaml);

}  // namespace mse::story
