// Nodes × dimensions, worst first, and the parts in which states differ.
#include <algorithm>
#include <map>

#include "exporter/states.h"
#include "exporter/status_parts.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::size_t kCells = 800, kLeastRows = 20, kMostRows = 100;
// Up to here nobody needs the healthy ones folded away.
constexpr std::size_t kUnfolded = 12;
constexpr std::size_t kDifferences = 20, kShownKeys = 40, kMoreKeys = 400;
constexpr std::size_t kTriedStates = 8;

bool has_replicas(const ServiceView& service) {
  return std::any_of(service.nodes.begin(), service.nodes.end(),
                     [](const NodeView& node) { return node.role == Role::replica; });
}

std::size_t rows_a_page(const Subject& subject) {
  const std::size_t columns = subject.service.dimensions.size() + 1;
  return std::clamp(kCells / columns, kLeastRows, kMostRows);
}

void write_node_head(Html& html, const Subject& subject, bool lag) {
  const auto head = html.in("thead");
  const auto row = html.in("tr");
  html.element("th", "Node", {{"scope", "col"}});
  for (const auto& [name, view] : subject.service.dimensions) {
    if (!subject.shows(name)) continue;
    const auto cell = html.in("th", {{"scope", "col"}});
    html.link(status_address({subject.service.name, name, "", 0, subject.question.refresh}), name);
    html.element("small", " canonical: " + canonical_text(view));
  }
  if (lag) html.element("th", "Lag", {{"scope", "col"}});
}

// What is said of a state that is not the canonical one.
std::string outside(const NodeDimension& dimension, Wall now) {
  std::string text;
  if (dimension.state) text += " " + state_name(dimension.state->key, dimension.text());
  if (dimension.allowance) text += ", " + std::string(name(*dimension.allowance));
  if (dimension.since) text += ", for " + age(*dimension.since, now);
  if (!dimension.differing_keys.empty())
    text += ", " + count_of(dimension.differing_keys.size(), "key", "keys");
  if (dimension.preexisting) text += ", from the start";
  return text;
}

void write_cell(Html& html, const NodeDimension& dimension, Wall now) {
  const Sign sign = sign_of(dimension.status);
  const auto cell = html.in("td", {{"class", sign.tone}});
  write_sign(html, sign);
  if (dimension.status == Status::unknown) {
    html.text(dimension.reason ? ", " + std::string(name(*dimension.reason))
                               : std::string(", nothing to compare with"));
  } else if (dimension.status != Status::canonical) {
    html.text(outside(dimension, now));
  }
}

void write_lag(Html& html, const NodeView& node) {
  const auto cell = html.in("td");
  if (node.role != Role::replica) return;
  if (node.lag && node.lag->time) {
    html.text(format_duration(*node.lag->time));
  } else if (node.lag && node.lag->at_least) {
    html.text("over " + format_duration(*node.lag->at_least));
  } else {
    html.text("not measured");
  }
  if (node.link_up == false) html.text(", link down");
}

void write_row(Html& html, const Subject& subject, const NodeRow& row, bool lag) {
  const auto line = html.in("tr");
  {
    const auto cell = html.in("th", {{"scope", "row"}});
    html.link(
        status_address({subject.service.name, "", row.node->name, 0, subject.question.refresh}),
        row.node->name);
    std::string more(name(row.node->role));
    if (!row.node->region.empty()) more += " " + row.node->region;
    if (!row.node->serving) more += " not serving";
    if (!more.empty()) html.element("small", " " + more);
  }
  for (const auto& [name, view] : subject.service.dimensions) {
    if (!subject.shows(name)) continue;
    const auto found = row.node->dimensions.find(name);
    if (found == row.node->dimensions.end()) {
      html.element("td", "not read");
    } else {
      write_cell(html, found->second, subject.now);
    }
  }
  if (lag) write_lag(html, *row.node);
}

using Rows = std::vector<NodeRow>::const_iterator;

void write_table(Html& html, const Subject& subject, const std::string& label, Rows first,
                 Rows end) {
  const bool lag = has_replicas(subject.service);
  const auto place = scrolling(html, label);
  const auto table = html.in("table");
  html.element("caption", label);
  write_node_head(html, subject, lag);
  const auto body = html.in("tbody");
  for (; first != end; ++first) write_row(html, subject, *first, lag);
}

void write_folded(Html& html, const Subject& subject, Rows first, Rows end) {
  if (first == end) return;
  const auto count = static_cast<std::size_t>(end - first);
  const auto details = html.in("details");
  html.element("summary", count_of(count, "node", "nodes") + " of these rows canonical throughout");
  write_table(html, subject, "Canonical nodes", first, end);
}

// Nodes whose state in a dimension differs from the canonical in the same way.
struct Difference {
  std::string_view dimension;
  const NodeDimension* any = nullptr;
  std::vector<const NodeView*> nodes;
};

// The first of them, in the order of the rows.
struct Differences {
  std::vector<Difference> all;
  bool more = false;
  std::map<std::pair<std::string_view, const State*>, std::size_t> places;  // in `all`

  void add(const NodeView& node, std::string_view name, const NodeDimension& dimension) {
    const auto known = places.find({name, dimension.state.get()});
    if (known != places.end()) return all[known->second].nodes.push_back(&node);
    more = more || all.size() == kDifferences;
    if (all.size() == kDifferences) return;
    places[{name, dimension.state.get()}] = all.size();
    all.push_back({name, &dimension, {&node}});
  }
};

Differences differences(const Subject& subject) {
  Differences out;
  for (const NodeRow& row : subject.rows) {
    for (const auto& [name, dimension] : row.node->dimensions) {
      if (!dimension.differing_keys.empty() && subject.shows(name.str()))
        out.add(*row.node, name.str(), dimension);
    }
  }
  return out;
}

// The canonical states of each dimension that nodes are in: one for each group of compare_within.
class CanonicalStates {
 public:
  explicit CanonicalStates(const ServiceView& service) : service_(service) {}

  // The one that the keys were found against; null where no node is in it now.
  const State* of(const Difference& difference) {
    const auto& wanted = difference.any->differing_keys.list();
    for (const State* state : in(difference.dimension)) {
      if (differing_keys(*difference.any->state, *state).list() == wanted) return state;
    }
    return nullptr;
  }

 private:
  const std::vector<const State*>& in(std::string_view dimension) {
    const auto [place, added] = known_.try_emplace(dimension);
    auto& states = place->second;
    if (!added) return states;
    for (const NodeView& node : service_.nodes) {
      const auto found = node.dimensions.find(dimension);
      if (found == node.dimensions.end() || found->second.status != Status::canonical) continue;
      const State* state = found->second.state.get();
      const bool known = std::find(states.begin(), states.end(), state) != states.end();
      if (state != nullptr && !known) states.push_back(state);
      if (states.size() == kTriedStates) break;
    }
    return states;
  }

  const ServiceView& service_;
  std::map<std::string_view, std::vector<const State*>> known_;
};

std::string_view how(const std::string& key, const State& state, const State* canonical) {
  if (canonical == nullptr) return "differs";
  if (!state.parts.contains(key)) return "missing here";
  return canonical->parts.contains(key) ? "another value" : "only here";
}

void write_keys(Html& html, const Subject& subject, const Difference& difference,
                const State* canonical) {
  const auto& keys = difference.any->differing_keys.list();
  const bool narrow = !subject.question.dimension.empty() || !subject.question.node.empty();
  const std::size_t shown = std::min(keys.size(), narrow ? kMoreKeys : kShownKeys);
  {
    const auto place = scrolling(html, "Keys of " + std::string(difference.dimension));
    const auto table = html.in("table");
    write_head(html, {"Key", "How it differs from the canonical"});
    const auto body = html.in("tbody");
    for (std::size_t i = 0; i < shown; ++i) {
      const auto row = html.in("tr");
      html.element("th", keys[i], {{"scope", "row"}});
      html.element("td", how(keys[i], *difference.any->state, canonical));
    }
  }
  if (shown < keys.size())
    html.element("p", "And " + count_of(keys.size() - shown, "key", "keys") + " more.");
}

void write_difference(Html& html, const Subject& subject, const Difference& difference,
                      const State* canonical) {
  {
    const auto heading = html.in("h3");
    html.link(status_address({subject.service.name, std::string(difference.dimension), "", 0,
                              subject.question.refresh}),
              difference.dimension);
    html.text(" of ");
    write_names(html, subject.question, difference.nodes);
  }
  write_keys(html, subject, difference, canonical);
}

}  // namespace

void write_nodes(Html& html, const Subject& subject) {
  html.element("h2", "Nodes");
  const std::size_t a_page = rows_a_page(subject), all = subject.rows.size();
  const std::size_t first = std::min(subject.question.from, all);
  const std::size_t end = std::min(first + a_page, all);
  const auto begin = subject.rows.begin();
  const auto at = [begin](std::size_t place) { return begin + static_cast<std::ptrdiff_t>(place); };
  const auto folds = [all](const NodeRow& row) {
    return all > kUnfolded && row.standing == Standing::canonical;
  };
  const auto healthy = std::find_if(at(first), at(end), folds);
  if (healthy != at(first)) write_table(html, subject, "Nodes, worst first", at(first), healthy);
  write_folded(html, subject, healthy, at(end));
  write_pages(html, subject.question, {first, end, all}, a_page);
}

void write_differences(Html& html, const Subject& subject) {
  const Differences found = differences(subject);
  if (found.all.empty()) return;
  html.element("h2", "Which keys differ");
  html.element("p", "Names only: values never leave what is watched.", {{"class", "soft"}});
  CanonicalStates canonical(subject.service);
  for (const Difference& difference : found.all)
    write_difference(html, subject, difference, canonical.of(difference));
  if (found.more)
    html.element("p",
                 "Other states differ too: ask for one dimension or one node to see its keys.");
}

}  // namespace mse
