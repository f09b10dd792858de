// Reads story files strictly: an unknown key is an error with its line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/model.h"

namespace mse::story {

// The story itself is wrong: "line 12: unknown key 'statsu'".
struct Mistake : std::runtime_error {
  Mistake(const YAML::Node& at, const std::string& what);
};

using Handlers = std::map<std::string, std::function<void(const YAML::Node&)>>;

// Hands every value of a map to its key's handler. A key without one, or twice, is a Mistake.
void each_key(const YAML::Node& map, const Handlers& handlers);

// "90s", "1m30s", "2h", "2d", "0s".
Duration duration(const YAML::Node& node);
// "1%" or "0.01".
double ratio(const YAML::Node& node);
bool flag(const YAML::Node& node);
// "pod-1..10" is pod-1 to pod-10; anything else is itself.
std::vector<std::string> names(const std::string& text);
// Of a list or a single scalar, with ranges expanded.
std::vector<std::string> name_list(const YAML::Node& node);
std::vector<std::string> words(const std::string& text);

// The value whose name() is `text`.
template <typename Enum>
Enum named(const YAML::Node& at, const std::string& text, int count) {
  for (int i = 0; i < count; ++i) {
    if (name(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  throw Mistake(at, "'" + text + "' is no name of this list");
}
inline constexpr int kStatusCount = 4, kReasonCount = 18, kNoCanonicalCount = 5;

struct Step {
  YAML::Node actions;  // what happens then, without `at` and `expect`
  YAML::Node expect;   // null when nothing is expected

  bool expects() const { return expect.IsScalar() || (expect.IsMap() && expect.size() > 0); }
};

struct Story {
  std::string title, truth;
  ServiceSettings settings;
  Cadences cadences;
  Duration evaluate_every = std::chrono::seconds(1);
  std::map<std::string, std::vector<std::string>> collect;  // collector → its dimensions
  std::vector<std::string> deep, replicated;                // dimensions
  YAML::Node nodes;                                         // the first inventory
  std::multimap<Duration, Step> steps;                      // by story time
};

// What a configuration says of the service, into `out`; keys that it does not name stay.
void read_settings(const YAML::Node& node, ServiceSettings& out);

// The instant that is story time 0.
Wall beginning();

// Every key known, steps in order, at least one expectation; else throws Mistake.
Story parse_story(const std::string& yaml);

}  // namespace mse::story
