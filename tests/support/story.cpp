// The reading of story files.
#include "tests/support/story.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace mse::story {
namespace {

using std::chrono::seconds;

std::optional<Duration> unit(const std::string& text) {
  static const std::map<std::string, Duration> units{{"ms", std::chrono::milliseconds(1)},
                                                     {"s", seconds(1)},
                                                     {"m", std::chrono::minutes(1)},
                                                     {"h", std::chrono::hours(1)},
                                                     {"d", std::chrono::hours(24)}};
  const auto found = units.find(text);
  return found == units.end() ? std::nullopt : std::optional(found->second);
}

Enforce enforce(const YAML::Node& node) {
  static const std::map<std::string, Enforce> choices{
      {"observe", Enforce::observe}, {"ticket", Enforce::ticket}, {"page", Enforce::page}};
  const auto found = choices.find(node.Scalar());
  if (found == choices.end()) throw Mistake(node, "enforce is page, ticket or observe");
  return found->second;
}

// "primary", "majority", "declared" (told by steps) or "literal 15.4".
CanonicalPolicy policy(const YAML::Node& node) {
  static const std::map<std::string, PolicyKind> choices{{"primary", PolicyKind::primary},
                                                         {"majority", PolicyKind::majority},
                                                         {"declared", PolicyKind::declared},
                                                         {"literal", PolicyKind::declared}};
  const auto parts = words(node.Scalar());
  const auto found = parts.empty() ? choices.end() : choices.find(parts[0]);
  if (found == choices.end()) throw Mistake(node, "no policy: '" + node.Scalar() + "'");
  CanonicalPolicy out;
  out.kind = found->second;
  out.source = FileSource{"/target", ""};
  if (parts.size() == 2) out.source = Literal{parts[1]};
  return out;
}

template <typename Value, typename Read>
std::map<std::string, Value> by_dimension(const YAML::Node& node, Read read) {
  std::map<std::string, Value> out;
  if (node.IsScalar()) {
    out[""] = read(node);
    return out;
  }
  for (const auto& entry : node) out[entry.first.Scalar()] = read(entry.second);
  return out;
}

std::vector<std::vector<std::string>> lists(const YAML::Node& node) {
  std::vector<std::vector<std::string>> out;
  for (const auto& list : node) out.push_back(name_list(list));
  return out;
}

std::set<std::string> name_set(const YAML::Node& node) {
  const auto list = name_list(node);
  return {list.begin(), list.end()};
}

Acknowledgement acknowledgement(const YAML::Node& node) {
  Acknowledgement out;
  out.service = "service";
  out.why = "known";
  out.who = "dba";
  each_key(node,
           {{"dimension", [&](const auto& value) { out.dimension = value.Scalar(); }},
            {"nodes", [&](const auto& value) { out.nodes = name_set(value); }},
            {"keys", [&](const auto& value) { out.keys = name_set(value); }},
            {"states", [&](const auto& value) { out.states = name_set(value); }},
            {"why", [&](const auto& value) { out.why = value.Scalar(); }},
            {"who", [&](const auto& value) { out.who = value.Scalar(); }},
            {"until", [&](const auto& value) { out.until = beginning() + duration(value); }}});
  return out;
}

Objectives objectives(const YAML::Node& node) {
  Objectives out;
  each_key(node, {{"exposure", [&](const auto& value) { out.exposure = ratio(value); }},
                  {"convergence", [&](const auto& value) { out.convergence = duration(value); }},
                  {"replica_lag", [&](const auto& value) { out.replica_lag = duration(value); }}});
  return out;
}

void read_every(const YAML::Node& node, Story& out) {
  if (node.IsScalar()) {
    out.cadences.poll_interval = out.cadences.deep_interval = duration(node);
    return;
  }
  each_key(
      node,
      {{"poll", [&](const auto& value) { out.cadences.poll_interval = duration(value); }},
       {"deep", [&](const auto& value) { out.cadences.deep_interval = duration(value); }},
       {"position", [&](const auto& value) { out.cadences.position_interval = duration(value); }},
       {"evaluate", [&](const auto& value) { out.evaluate_every = duration(value); }}});
}

Step step(const YAML::Node& node) {
  Step out;
  for (const auto& entry : node) {
    const std::string& key = entry.first.Scalar();
    if (key == "expect") {
      out.expect.reset(entry.second);
    } else if (key != "at" && key != "roll") {
      out.actions[key] = entry.second;
    }
  }
  return out;
}

// One node after another, at the step's time and then each `every`: replaced when `to` names new
// ones, else changed where it is.
void roll(Duration at, const YAML::Node& node, std::multimap<Duration, Step>& out) {
  std::vector<std::string> from, to;
  Duration every{};
  YAML::Node facts;
  each_key(node, {{"nodes", [&](const auto& value) { from = name_list(value); }},
                  {"to", [&](const auto& value) { to = name_list(value); }},
                  {"every", [&](const auto& value) { every = duration(value); }},
                  {"set", [&](const auto& value) { facts.reset(value); }}});
  if (from.empty() || every <= Duration::zero() || (!to.empty() && to.size() != from.size()))
    throw Mistake(node, "roll needs nodes and every, and as many new nodes as old");
  for (std::size_t i = 0; i < from.size(); ++i) {
    Step one;
    if (to.empty()) {
      one.actions["set"][from[i]] = facts;
    } else {
      one.actions["remove"].push_back(from[i]);
      one.actions["add"][to[i]] = facts;
    }
    out.emplace(at + every * static_cast<int>(i), one);
  }
}

void read_steps(const YAML::Node& node, Story& out) {
  Duration last{};
  for (const auto& entry : node) {
    const YAML::Node one = entry;
    if (!one.IsMap() || !one["at"]) throw Mistake(one, "a step needs `at`");
    const Duration at = duration(one["at"]);
    if (at < last) throw Mistake(one, "a step earlier than the one before it");
    last = at;
    if (one["roll"]) roll(at, one["roll"], out.steps);
    out.steps.emplace(at, step(one));
  }
}

}  // namespace

Mistake::Mistake(const YAML::Node& at, const std::string& what)
    : std::runtime_error("line " + std::to_string(at.Mark().line + 1) + ": " + what) {}

void each_key(const YAML::Node& map, const Handlers& handlers) {
  if (map.IsNull()) return;
  if (!map.IsMap()) throw Mistake(map, "expected a map");
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const std::string& key = entry.first.Scalar();
    const auto found = handlers.find(key);
    const YAML::Node& at = entry.first.Mark().is_null() ? entry.second : entry.first;
    if (found == handlers.end()) throw Mistake(at, "unknown key '" + key + "'");
    if (!seen.insert(key).second) throw Mistake(at, "key '" + key + "' twice");
    found->second(entry.second);
  }
}

Duration duration(const YAML::Node& node) {
  std::istringstream in(node.Scalar());
  Duration sum{};
  long count = 0;
  bool any = false;
  while (in >> count) {
    std::string letters;
    while (std::isalpha(in.peek()) != 0) letters += static_cast<char>(in.get());
    const auto one = unit(letters);
    if (!one) throw Mistake(node, "'" + node.Scalar() + "' is no duration");
    sum += *one * count;
    any = true;
  }
  if (!any || !in.eof()) throw Mistake(node, "'" + node.Scalar() + "' is no duration");
  return sum;
}

double ratio(const YAML::Node& node) {
  std::size_t used = 0;
  const double value = std::stod(node.Scalar(), &used);
  return node.Scalar().substr(used) == "%" ? value / 100 : value;
}

bool flag(const YAML::Node& node) {
  if (node.Scalar() == "true") return true;
  if (node.Scalar() == "false") return false;
  throw Mistake(node, "expected true or false");
}

std::vector<std::string> names(const std::string& text) {
  const auto dots = text.find("..");
  const auto digits = text.find_last_not_of("0123456789", dots == 0 ? 0 : dots - 1);
  if (dots == std::string::npos || digits == std::string::npos || digits + 1 == dots) return {text};
  std::vector<std::string> out;
  const int last = std::stoi(text.substr(dots + 2));
  for (int i = std::stoi(text.substr(digits + 1, dots)); i <= last; ++i)
    out.push_back(text.substr(0, digits + 1) + std::to_string(i));
  return out;
}

std::vector<std::string> name_list(const YAML::Node& node) {
  if (node.IsScalar()) return names(node.Scalar());
  std::vector<std::string> out;
  for (const auto& one : node) {
    const auto some = names(one.Scalar());
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

void read_settings(const YAML::Node& node, ServiceSettings& out) {
  each_key(
      node,
      {{"canonical",
        [&](const auto& value) { out.canonical = by_dimension<CanonicalPolicy>(value, policy); }},
       {"compare_within",
        [&](const auto& value) {
          out.compare_within = by_dimension<std::vector<std::string>>(value, name_list);
        }},
       {"enforce", [&](const auto& value) { out.enforce = by_dimension<Enforce>(value, enforce); }},
       {"off", [&](const auto& value) { out.off = name_set(value); }},
       {"compatible",
        [&](const auto& value) {
          out.compatible = by_dimension<std::vector<std::vector<std::string>>>(value, lists);
        }},
       {"tolerate_unknown", [&](const auto& value) { out.tolerate_unknown = ratio(value); }},
       {"min_nodes", [&](const auto& value) { out.min_nodes = std::stoi(value.Scalar()); }},
       {"allow",
        [&](const auto& value) {
          out.allow.clear();
          for (const auto& one : value) out.allow.push_back(acknowledgement(one));
        }},
       {"objectives", [&](const auto& value) { out.objectives = objectives(value); }}});
}

Wall beginning() {
  return Wall{} + std::chrono::hours(24 * 20515 + 10);  // 2026-03-03T10:00:00Z
}

Story parse_story(const std::string& yaml) {
  const YAML::Node root = YAML::Load(yaml);
  Story out;
  out.settings.name = "service";
  out.cadences.deep_interval = out.cadences.poll_interval;
  each_key(root, {{"title", [&](const auto& value) { out.title = value.Scalar(); }},
                  {"truth", [&](const auto& value) { out.truth = value.Scalar(); }},
                  {"settings", [&](const auto& value) { read_settings(value, out.settings); }},
                  {"every", [&](const auto& value) { read_every(value, out); }},
                  {"collect",
                   [&](const auto& value) {
                     for (const auto& entry : value)
                       out.collect[entry.first.Scalar()] = name_list(entry.second);
                   }},
                  {"deep", [&](const auto& value) { out.deep = name_list(value); }},
                  {"replicated", [&](const auto& value) { out.replicated = name_list(value); }},
                  {"nodes", [&](const auto& value) { out.nodes.reset(value); }},
                  {"steps", [&](const auto& value) { read_steps(value, out); }}});
  if (out.title.empty() || out.truth.empty()) throw Mistake(root, "a story needs title and truth");
  if (out.collect.empty()) throw Mistake(root, "a story needs collect");
  const bool expects = std::any_of(out.steps.begin(), out.steps.end(),
                                   [](const auto& one) { return one.second.expects(); });
  if (!expects) throw Mistake(root, "a story without any expectation proves nothing");
  return out;
}

}  // namespace mse::story
