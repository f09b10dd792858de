// What must be true of every view of every story.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "exporter/snapshot.h"
#include "tests/support/world.h"

namespace mse::story {

// Remembers the last view, since counters must never fall.
class Invariants {
 public:
  // What is broken and was not said before.
  std::vector<std::string> hold(const ServiceView& view, const World& world);

 private:
  void counters(const ServiceView& view);
  void dimension(const std::string& name, const ServiceView& view, const World& world);
  void node(const std::string& dimension, const NodeView& node, const NodeDimension& standing);
  void never_falls(const std::string& counter, double value);
  void broken(const std::string& what);

  std::map<std::string, double> counters_;
  std::set<std::string> said_;
  std::vector<std::string> broken_;
};

}  // namespace mse::story
