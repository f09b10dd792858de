// The pretended servers of a story: what each node would answer at any moment.
#pragma once

#include <yaml-cpp/yaml.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/report.h"
#include "tests/support/story.h"

namespace mse::story {

// What a story says of one node. `set` merges into it.
struct FakeNode {
  NodeSettings settings;
  std::map<std::string, std::variant<Unknown, Absent, State>> states;  // by dimension
  std::optional<Identity> identity;
  bool polled = true, positioned = true;
  std::map<std::string, Reason> lost;  // collector → why its connection fails; "" is all

  // A primary writes `rate` bytes a second; a replica applies what was written `behind` ago.
  double position = 1e6, rate = 0;
  std::optional<Duration> behind;
  bool link_known = false, link_up = true;

  std::optional<double> requests;  // cumulative
  double request_rate = 0;

  Migrations migrations;
};

class World {
 public:
  World(std::map<std::string, std::vector<std::string>> collect,
        std::vector<std::string> replicated, std::vector<std::string> deep);

  // Merges facts into a node, which is new when its name is.
  void set(const std::string& name, const YAML::Node& facts);
  void remove(const std::string& name);
  // One second passes: positions and request counters move.
  void tick();

  std::vector<NodeSettings> inventory() const;
  const std::map<std::string, FakeNode>& nodes() const { return nodes_; }
  // What `collector` reads on a node: its dimensions, without the deep ones unless asked.
  Report report(const FakeNode& node, const std::string& collector, bool deep) const;
  std::vector<std::string> deep_of(const std::string& collector) const;
  // Of a coordinated round at `at`: every node with a role that answers.
  std::map<std::string, PositionReading> positions(Mono at) const;

 private:
  Handlers handlers(FakeNode& node);
  Identity& identity_of(FakeNode& node);
  void follow(FakeNode& replica) const;

  std::map<std::string, std::vector<std::string>> collect_;
  std::vector<std::string> replicated_, deep_;
  std::vector<std::string> order_;  // of the inventory
  std::map<std::string, FakeNode> nodes_;
  std::map<std::string, std::deque<double>>
      written_;  // group → its primary's position, each second
};

// "41", "absent", "unknown permission", or {state, parts, secret}.
std::variant<Unknown, Absent, State> outcome(const YAML::Node& node);

}  // namespace mse::story
