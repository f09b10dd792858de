// How the pretended servers of a story answer.
#include "tests/support/world.h"

#include <algorithm>

#include "exporter/fingerprint.h"

namespace mse::story {
namespace {

constexpr std::size_t kRemembered = 600;  // seconds of a primary's positions

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// "10/s" or "1000".
double per_second(const YAML::Node& node) {
  const auto slash = node.Scalar().find("/s");
  if (slash == std::string::npos) throw Mistake(node, "expected a rate such as 10/s");
  return std::stod(node.Scalar().substr(0, slash));
}

std::variant<Unknown, Absent, State> short_outcome(const YAML::Node& node) {
  const auto parts = words(node.Scalar());
  if (parts.size() == 1 && parts[0] == "absent") return Absent{};
  if (parts.size() == 2 && parts[0] == "unknown")
    return Unknown{named<Reason>(node, parts[1], kReasonCount)};
  State state;
  state.text = node.Scalar();
  state.key.fingerprint = fingerprint("story", {{"state", state.text}});
  return state;
}

Role role(const YAML::Node& node) {
  if (node.Scalar() == "primary") return Role::primary;
  if (node.Scalar() == "replica") return Role::replica;
  if (node.Scalar() == "none") return Role::none;
  throw Mistake(node, "role is primary, replica or none");
}

void lose(const YAML::Node& node, std::map<std::string, Reason>& lost) {
  lost.clear();
  if (node.IsMap()) {
    for (const auto& entry : node)
      lost[entry.first.Scalar()] = named<Reason>(node, entry.second.Scalar(), kReasonCount);
  } else if (node.Scalar() != "no") {
    lost[""] = named<Reason>(node, node.Scalar(), kReasonCount);
  }
}

void link(const YAML::Node& node, FakeNode& out) {
  out.link_known = node.Scalar() != "unknown";
  out.link_up = node.Scalar() == "up";
  if (out.link_known && !out.link_up && node.Scalar() != "down")
    throw Mistake(node, "link is up, down or unknown");
}

}  // namespace

std::variant<Unknown, Absent, State> outcome(const YAML::Node& node) {
  if (node.IsScalar()) return short_outcome(node);
  State state;
  each_key(node,
           {{"state", [&](const auto& value) { state.text = value.Scalar(); }},
            {"parts",
             [&](const auto& value) {
               for (const auto& part : value)
                 state.parts[part.first.Scalar()] = part.second.Scalar();
             }},
            {"secret", [&](const auto& value) { state.key.secret_digest = value.Scalar(); }}});
  auto hashed = state.parts;
  if (hashed.empty()) hashed["state"] = state.text;
  state.key.fingerprint = fingerprint("story", hashed);
  if (state.text.empty()) state.text = std::to_string(state.key.fingerprint);
  return state;
}

World::World(std::map<std::string, std::vector<std::string>> collect,
             std::vector<std::string> replicated, std::vector<std::string> deep)
    : collect_(std::move(collect)), replicated_(std::move(replicated)), deep_(std::move(deep)) {}

Identity& World::identity_of(FakeNode& node) {
  if (!node.identity)
    node.identity = Identity{Role::none, "group", node.settings.name, "timeline-1"};
  return *node.identity;
}

Handlers World::handlers(FakeNode& node) {
  Handlers out{
      {"serving", [&](const auto& value) { node.settings.serving = flag(value); }},
      {"labels",
       [&](const auto& value) {
         for (const auto& label : value)
           node.settings.labels[label.first.Scalar()] = label.second.Scalar();
       }},
      {"role", [&](const auto& value) { identity_of(node).role = role(value); }},
      {"group", [&](const auto& value) { identity_of(node).group = value.Scalar(); }},
      {"server", [&](const auto& value) { identity_of(node).server = value.Scalar(); }},
      {"history", [&](const auto& value) { identity_of(node).history = value.Scalar(); }},
      {"polled", [&](const auto& value) { node.polled = flag(value); }},
      {"positioned", [&](const auto& value) { node.positioned = flag(value); }},
      {"lost", [&](const auto& value) { lose(value, node.lost); }},
      {"writes", [&](const auto& value) { node.rate = per_second(value); }},
      {"position", [&](const auto& value) { node.position = std::stod(value.Scalar()); }},
      {"behind",
       [&](const auto& value) {
         node.behind = value.Scalar() == "stopped" ? std::nullopt : std::optional(duration(value));
       }},
      {"link", [&](const auto& value) { link(value, node); }},
      {"requests",
       [&](const auto& value) {
         node.request_rate = per_second(value);
         node.requests = node.requests.value_or(1000);
       }},
      {"counter", [&](const auto& value) { node.requests = std::stod(value.Scalar()); }},
      {"dirty", [&](const auto& value) { node.migrations.dirty = flag(value); }},
  };
  for (const auto& entry : collect_) {
    for (const auto& dimension : entry.second)
      out[dimension] = [&node, dimension](const auto& value) {
        node.states[dimension] = outcome(value);
      };
  }
  return out;
}

void World::set(const std::string& name, const YAML::Node& facts) {
  if (!nodes_.contains(name)) {
    order_.push_back(name);
    nodes_[name].settings.name = name;
    nodes_[name].settings.address = name;
  }
  each_key(facts, handlers(nodes_[name]));
}

void World::remove(const std::string& name) {
  nodes_.erase(name);
  std::erase(order_, name);
}

void World::follow(FakeNode& replica) const {
  const auto found = written_.find(replica.identity->group);
  if (!replica.behind || found == written_.end()) return;
  const auto& written = found->second;
  const auto back = static_cast<std::size_t>(*replica.behind / std::chrono::seconds(1));
  replica.position = back < written.size() ? written[written.size() - 1 - back] : written.front();
}

void World::tick() {
  for (auto& [name, node] : nodes_) {
    if (node.requests) *node.requests += node.request_rate;
    if (!node.identity || node.identity->role != Role::primary) continue;
    node.position += node.rate;
    auto& written = written_[node.identity->group];
    written.push_back(node.position);
    if (written.size() > kRemembered) written.pop_front();
  }
  for (auto& [name, node] : nodes_) {
    if (node.identity && node.identity->role == Role::replica) follow(node);
  }
}

std::vector<NodeSettings> World::inventory() const {
  std::vector<NodeSettings> out;
  for (const auto& name : order_) out.push_back(nodes_.at(name).settings);
  return out;
}

Report World::report(const FakeNode& node, const std::string& collector, bool deep) const {
  Report out;
  out.identity = node.identity;
  for (const auto& dimension : collect_.at(collector)) {
    const auto found = node.states.find(dimension);
    if (found == node.states.end() || (!deep && contains(deep_, dimension))) continue;
    Reading& reading = out.dimensions[dimension];
    reading.outcome = found->second;
    reading.replicated = contains(replicated_, dimension);
    if (reading.replicated && node.identity)
      reading.position =
          Position{node.identity->history, static_cast<std::uint64_t>(node.position)};
  }
  if (node.requests && collector == collect_.begin()->first)
    out.requests = static_cast<std::uint64_t>(*node.requests);
  out.migrations = node.migrations;
  return out;
}

std::vector<std::string> World::deep_of(const std::string& collector) const {
  std::vector<std::string> out;
  for (const auto& dimension : collect_.at(collector)) {
    if (contains(deep_, dimension)) out.push_back(dimension);
  }
  return out;
}

std::map<std::string, PositionReading> World::positions(Mono at) const {
  std::map<std::string, PositionReading> out;
  for (const auto& [name, node] : nodes_) {
    if (!node.identity || node.identity->role == Role::none) continue;
    if (!node.polled || !node.positioned || node.lost.contains("")) continue;
    PositionReading& reading = out[name];
    reading.identity = *node.identity;
    reading.position = {node.identity->history, static_cast<std::uint64_t>(node.position)};
    if (node.link_known) reading.link_up = node.link_up;
    reading.at = at;
  }
  return out;
}

}  // namespace mse::story
