// The rows in JSON, both ways by one list of fields.
#include "exporter/history_rows.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <type_traits>

namespace mse {
namespace {

using nlohmann::json;

// A struct or the same, const: fields() serves reading and writing.
template <typename T, typename Struct>
concept Like = std::is_same_v<std::remove_const_t<T>, Struct>;

void fields(auto& each, Like<RememberedState> auto& s) {
  each("fingerprint", s.fingerprint);
  each("secret", s.secret);
  each("text", s.text);
}

void fields(auto& each, Like<RememberedGoal> auto& g) {
  each("word", g.word);
  each("state", g.state);
}

void fields(auto& each, Like<RememberedChange> auto& c) {
  each("serial", c.serial);
  each("declared", c.declared);
  each("deploy_id", c.deploy_id);
  each("from", c.from);
  each("to", c.to);
  each("started", c.started);
  each("deadline", c.deadline);
  each("canary", c.canary);
  each("reached", c.reached);
  each("late_counted", c.late_counted);
  each("suspect", c.suspect);
  each("first_node", c.first_node);
  each("first_at", c.first_at);
  each("arrivals", c.arrivals);
  each("outcome", c.outcome);
  each("closed", c.closed);
  each("ratio", c.ratio);
  each("p95", c.p95);
}

void fields(auto& each, Like<RememberedCandidate> auto& c) {
  each("target", c.target);
  each("from", c.from);
  each("started", c.started);
  each("moves", c.moves);
}

void fields(auto& each, Like<RememberedGroup> auto& g) {
  each("held", g.held);
  each("found", g.found);
  each("text", g.text);
  each("missing", g.missing);
  each("primary_seen", g.primary_seen);
  each("had_primary", g.had_primary);
  each("missing_since_first", g.missing_since_first);
  each("open", g.open);
  each("last", g.last);
  each("candidates", g.candidates);
}

void fields(auto& each, Like<RememberedNode> auto& n) {
  each("judged", n.judged);
  each("old_drift", n.old_drift);
  each("acknowledged", n.acknowledged);
  each("initial", n.initial);
  each("unknown_at_first", n.unknown_at_first);
  each("unknown_since", n.unknown_since);
  each("since", n.since);
  each("counted", n.counted);
  each("arrived", n.arrived);
}

void fields(auto& each, Like<Declaration> auto& d) {
  each("state", d.state);
  each("from", d.from);
  each("deploy_id", d.deploy_id);
  each("started", d.started);
  each("deadline", d.deadline);
  each("nodes", d.nodes);
  each("dimensions", d.dimensions);
}

void fields(auto& each, Like<RememberedTold> auto& t) {
  each("declaration", t.declaration);
  each("at", t.at);
}

void fields(auto& each, Like<RememberedOrder> auto& o) {
  each("to", o.to);
  each("from", o.from);
  each("deploy_id", o.deploy_id);
  each("started", o.started);
  each("deadline", o.deadline);
  each("canary", o.canary);
}

void fields(auto& each, Like<RememberedWords> auto& w) {
  each("begun", w.begun);
  each("ever_state", w.ever_state);
  each("source", w.source);
  each("source_lost", w.source_lost);
  each("told_before", w.told_before);
  each("told", w.told);
  each("standing", w.standing);
  each("leader", w.leader);
  each("following", w.following);
  each("last_serial", w.last_serial);
  each("last_p95", w.last_p95);
}

void fields(auto& each, Like<RememberedAnnouncement> auto& a) {
  each("kind", a.kind);
  each("content", a.content);
  each("by", a.by);
  each("at", a.at);
  each("closed", a.closed);
  each("abandoned", a.abandoned);
  each("back_to", a.back_to);
  each("outcome", a.outcome);
  each("ended", a.ended);
}

struct Write {
  json out = json::object();

  template <typename T>
  void operator()(const char* key, const T& value) {
    out[key] = put(value);
  }

  static json put(const std::string& text) { return text; }
  static json put(Wall at) { return at.time_since_epoch().count(); }
  static json put(Duration span) { return span.count(); }
  template <typename T>
    requires std::is_arithmetic_v<T>
  static json put(T value) {
    return value;
  }
  template <typename T>
    requires std::is_enum_v<T>
  static json put(T value) {
    return static_cast<int>(value);
  }
  template <typename T>
  static json put(const std::optional<T>& value) {
    return value ? put(*value) : json();
  }
  template <typename T>
  static json put(const std::vector<T>& values) {
    json list = json::array();
    for (const T& value : values) list.push_back(put(value));
    return list;
  }
  static json put(const std::set<std::string>& values) { return values; }
  template <typename T>
    requires std::is_class_v<T>
  static json put(const T& value) {
    Write inner;
    fields(inner, value);
    return std::move(inner.out);
  }
};

// Throws where anything is not as it was written.
struct Read {
  const json& in;

  template <typename T>
  void operator()(const char* key, T& value) {
    get(in.at(key), value);
  }

  static void get(const json& from, std::string& text) { from.get_to(text); }
  static void get(const json& from, Wall& at) { at = Wall(Wall::duration(integer(from))); }
  static void get(const json& from, Duration& span) { span = Duration(integer(from)); }
  static void get(const json& from, bool& value) { value = from.get<bool>(); }
  static void get(const json& from, double& value) { value = from.get<double>(); }
  template <typename T>
    requires std::is_unsigned_v<T>
  static void get(const json& from, T& value) {
    if (!from.is_number_unsigned()) throw std::runtime_error("not a count");
    const auto wide = from.get<std::uint64_t>();
    value = static_cast<T>(wide);
    if (value != wide) throw std::runtime_error("too large");
  }
  static auto of(const json& from, const auto& values) {
    const std::int64_t index = integer(from);
    if (index < 0) throw std::out_of_range("no such value");
    return values.at(static_cast<std::size_t>(index));
  }
  static void get(const json& from, Outcome& value) { value = of(from, kOutcomes); }
  static void get(const json& from, NoCanonical& value) {
    value = of(from, every<NoCanonical, NoCanonical::no_nodes>());
  }
  template <typename T>
  static void get(const json& from, std::optional<T>& value) {
    value.reset();
    if (!from.is_null()) get(from, value.emplace());
  }
  template <typename T>
  static void get(const json& from, std::vector<T>& values) {
    if (!from.is_array()) throw std::runtime_error("not a list");
    values.clear();
    for (const json& value : from) get(value, values.emplace_back());
  }
  static void get(const json& from, std::set<std::string>& values) { from.get_to(values); }
  template <typename T>
    requires std::is_class_v<T>
  static void get(const json& from, T& value) {
    Read inner{from};
    fields(inner, value);
  }

  static std::int64_t integer(const json& from) {
    if (!from.is_number_integer()) throw std::runtime_error("not a number");
    return from.get<std::int64_t>();
  }
};

template <typename T>
std::string text_of(const T& value) {
  // What is no UTF-8 would throw; a stored name is for comparing, and replaced it still compares.
  return Write::put(value).dump(-1, ' ', false, json::error_handler_t::replace);
}

constexpr const char* kService = "service";
constexpr const char* kJoined = "joined";
constexpr const char* kWords = "words";
constexpr const char* kGroup = "group";
constexpr const char* kNode = "node";
constexpr const char* kAnnounced = "announced";

// The rows of one kind whose values differ between two maps by name.
template <typename T>
void compare(RowKey key, const std::map<std::string, T>& before,
             const std::map<std::string, T>& now, RowChanges& out) {
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == value) continue;
    key.name = name;
    out.rows[key] = text_of(value);
  }
  for (const auto& [name, value] : before) {
    if (now.contains(name)) continue;
    key.name = name;
    out.rows[key] = std::nullopt;
  }
}

void ended(const RowKey& key, const std::map<std::string, RememberedGroup>& before,
           const std::map<std::string, RememberedGroup>& now, RowChanges& out) {
  for (const auto& [name, group] : now) {
    const auto old = before.find(name);
    const bool known = old != before.end() && old->second.last == group.last;
    if (!group.last || known) continue;
    out.closed.push_back({{key.service, key.dimension, kGroup, name},
                          group.last->serial,
                          group.last->closed,
                          text_of(*group.last)});
  }
}

void compare_dimension(const RowKey& key, const RememberedDimension& before, bool is_new,
                       const RememberedDimension& now, RowChanges& out) {
  if (is_new || before.words != now.words)
    out.rows[{key.service, key.dimension, kWords, ""}] = text_of(now.words);
  compare({key.service, key.dimension, kGroup, ""}, before.groups, now.groups, out);
  compare({key.service, key.dimension, kNode, ""}, before.nodes, now.nodes, out);
  ended(key, before.groups, now.groups, out);
}

void compare_service(const std::string& service, const Remembered& before, const Remembered& now,
                     RowChanges& out) {
  compare({service, "", kJoined, ""}, before.joined, now.joined, out);
  compare({service, "", kAnnounced, ""}, before.announced, now.announced, out);
  static const RememberedDimension none;
  for (const auto& [name, dimension] : now.dimensions) {
    const auto old = before.dimensions.find(name);
    const bool is_new = old == before.dimensions.end();
    compare_dimension({service, name, "", ""}, is_new ? none : old->second, is_new, dimension, out);
  }
  for (const auto& [name, dimension] : before.dimensions) {
    if (now.dimensions.contains(name)) continue;
    out.rows[{service, name, kWords, ""}] = std::nullopt;
    compare({service, name, kGroup, ""}, dimension.groups, none.groups, out);
    compare({service, name, kNode, ""}, dimension.nodes, none.nodes, out);
  }
}

void take(const RowKey& key, const json& value, Remembered& out) {
  if (key.kind == kService) return Read::get(value, out.at);
  if (key.kind == kJoined) return Read::get(value, out.joined[key.name]);
  if (key.kind == kAnnounced) return Read::get(value, out.announced[key.name]);
  RememberedDimension& dimension = out.dimensions[key.dimension];
  if (key.kind == kWords) return Read::get(value, dimension.words);
  if (key.kind == kGroup) return Read::get(value, dimension.groups[key.name]);
  if (key.kind == kNode) return Read::get(value, dimension.nodes[key.name]);
  throw std::runtime_error("no such kind");
}

}  // namespace

RowChanges row_changes(const Histories& before, const Histories& now, Duration heartbeat) {
  RowChanges out;
  static const Remembered none;
  for (const auto& [service, remembered] : now) {
    const auto old = before.find(service);
    const Remembered& stored = old == before.end() ? none : old->second;
    RowChanges own;
    compare_service(service, stored, remembered, own);
    const Duration age = remembered.at - stored.at;
    const bool late = age >= heartbeat || age < Duration::zero();
    if (!own.empty() || late || old == before.end())
      own.rows[{service, "", kService, ""}] = text_of(remembered.at);
    out.rows.merge(own.rows);
    out.closed.insert(out.closed.end(), own.closed.begin(), own.closed.end());
  }
  for (const auto& [service, remembered] : before) {
    if (now.contains(service)) continue;
    compare_service(service, remembered, none, out);
    out.rows[{service, "", kService, ""}] = std::nullopt;
  }
  return out;
}

bool take_row(const RowKey& key, const std::string& value, Histories& out) {
  try {
    take(key, json::parse(value), out[key.service]);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace mse
