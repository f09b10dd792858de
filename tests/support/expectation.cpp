// How a view is held against what a story expects of it.
#include "tests/support/expectation.h"

#include "tests/support/comparison.h"

namespace mse::story {
namespace {

Duration story_time(Wall wall, Duration stepped) {
  return std::chrono::duration_cast<Duration>(wall - beginning()) - stepped;
}

// The same words as a story writes: "transition lag", "unknown stale", "divergent preexisting".
std::string standing_text(const NodeDimension& standing) {
  std::string out(name(standing.status));
  if (standing.reason) out.append(" ").append(name(*standing.reason));
  if (standing.allowance) out.append(" ").append(name(*standing.allowance));
  if (standing.preexisting && standing.status == Status::divergent) out.append(" preexisting");
  return out;
}

std::string shown(const NodeDimension& standing) {
  return standing_text(standing) + " (at " + (standing.text().empty() ? "?" : standing.text()) +
         ")";
}

template <typename Enum, typename Count>
std::map<std::string, double> by_word(const std::map<Enum, Count>& counts) {
  std::map<std::string, double> out;
  for (const auto& [key, count] : counts) out[std::string(name(key))] = static_cast<double>(count);
  return out;
}

PerStatus<double> less(const PerStatus<double>& now, const PerStatus<double>& then) {
  PerStatus<double> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out.at(i) = now.at(i) - then.at(i);
  return out;
}

// One comparison after another over the parts of a view.
class Expectations : Comparison {
 public:
  explicit Expectations(const Seen& seen)
      : view_(*seen.view),
        mark_(seen.mark),
        asked_again_(seen.asked_again),
        stepped_(seen.stepped) {}

  std::vector<std::string> service(const YAML::Node& expect);

 private:
  const NodeView* node(const YAML::Node& at, const std::string& name);
  // Calls `one` for every node that the keys of `wanted` name.
  template <typename One>
  void per_node(const YAML::Node& wanted, One one);
  template <typename One>
  void per_standing(const YAML::Node& wanted, const std::string& dimension, One one);

  Handlers of_nodes();
  Handlers of_service();
  void exposure(const YAML::Node& wanted);
  void lag(const YAML::Node& wanted);
  void asked_again(const YAML::Node& wanted);
  void not_exported(const YAML::Node& wanted);
  void gone(const YAML::Node& wanted);
  void link(const YAML::Node& wanted);
  void dimension(const std::string& name, const YAML::Node& expect);
  void canonical(const YAML::Node& wanted, const std::string& what, const DimensionView& got);
  void canonical_group(const YAML::Node& wanted, const std::string& what, const CanonicalView& got);
  void status(const YAML::Node& wanted, const std::string& name);
  void states(const YAML::Node& wanted, const std::string& what, const DimensionView& got);
  void change(const YAML::Node& wanted, const std::string& what,
              const std::optional<ChangeView>& got);
  void differing(const YAML::Node& wanted, const std::string& name);
  void since(const YAML::Node& wanted, const std::string& name);

  const ServiceView& view_;
  const Mark& mark_;
  const std::set<std::string>& asked_again_;
  Duration stepped_;
};

const NodeView* Expectations::node(const YAML::Node& at, const std::string& name) {
  for (const auto& one : view_.nodes) {
    if (one.name == name) return &one;
  }
  wrong(at, name, "no such node in the view");
  return nullptr;
}

template <typename One>
void Expectations::per_node(const YAML::Node& wanted, One one) {
  for (const auto& entry : wanted) {
    for (const auto& name : names(entry.first.Scalar())) {
      if (const NodeView* found = node(entry.first, name)) one(entry.second, *found);
    }
  }
}

template <typename One>
void Expectations::per_standing(const YAML::Node& wanted, const std::string& dimension, One one) {
  per_node(wanted, [&](const YAML::Node& value, const NodeView& found) {
    const auto standing = found.dimensions.find(dimension);
    if (standing == found.dimensions.end()) {
      wrong(value, dimension + " of " + found.name, "no such dimension on the node");
    } else {
      one(value, dimension + " of " + found.name, standing->second);
    }
  });
}

void Expectations::gone(const YAML::Node& wanted) {
  for (const auto& name : name_list(wanted)) {
    for (const auto& one : view_.nodes) {
      if (one.name == name) wrong(wanted, name, "still in the view");
    }
  }
}

void Expectations::link(const YAML::Node& wanted) {
  per_node(wanted, [&](const YAML::Node& value, const NodeView& found) {
    const std::string got = !found.link_up ? "unknown" : (*found.link_up ? "up" : "down");
    text(value, "link of " + found.name, got);
  });
}

void Expectations::exposure(const YAML::Node& wanted) {
  per_node(wanted, [&](const YAML::Node& value, const NodeView& found) {
    text(value, "exposure of " + found.name, std::string(mse::name(found.exposure)));
  });
}

void Expectations::lag(const YAML::Node& wanted) {
  per_node(wanted, [&](const YAML::Node& value, const NodeView& found) {
    time(value, "lag of " + found.name, found.lag ? found.lag->time : std::nullopt);
  });
}

void Expectations::asked_again(const YAML::Node& wanted) {
  for (const auto& name : name_list(wanted)) {
    if (!asked_again_.contains(name)) wrong(wanted, name, "not asked to be read again");
  }
}

void Expectations::not_exported(const YAML::Node& wanted) {
  for (const auto& name : name_list(wanted)) {
    if (view_.dimensions.contains(name)) wrong(wanted, name, "a dimension of the view");
  }
}

Handlers Expectations::of_nodes() {
  return {{"exposure", [this](const auto& wanted) { exposure(wanted); }},
          {"lag", [this](const auto& wanted) { lag(wanted); }},
          {"link", [this](const auto& wanted) { link(wanted); }},
          {"asked_again", [this](const auto& wanted) { asked_again(wanted); }},
          {"gone", [this](const auto& wanted) { gone(wanted); }},
          {"not_exported", [this](const auto& wanted) { not_exported(wanted); }}};
}

Handlers Expectations::of_service() {
  const auto number = [this](const char* what, double value) {
    return [this, what, value](const YAML::Node& wanted) { count(wanted, what, value); };
  };
  return {{"requests",
           [this](const auto& wanted) {
             statuses(wanted, "requests", less(view_.requests, mark_.requests));
           }},
          {"node_seconds",
           [this](const auto& wanted) {
             statuses(wanted, "node_seconds", less(view_.node_seconds, mark_.node_seconds));
           }},
          {"lag_within",
           number("lag_within", static_cast<double>(view_.lag_within - mark_.lag_within))},
          {"lag_outside",
           number("lag_outside", static_cast<double>(view_.lag_outside - mark_.lag_outside))},
          {"by_requests",
           [this](const auto& wanted) { truth(wanted, "by_requests", view_.by_requests); }},
          {"maintenance",
           [this](const auto& wanted) { truth(wanted, "maintenance", view_.maintenance_active); }},
          {"dirty", number("dirty", view_.migration_dirty)},
          {"tolerated_unknown", number("tolerated_unknown", view_.tolerated_unknown)},
          {"deploy", [this](const auto& wanted) { change(wanted, "deploy", view_.deploy); }}};
}

std::vector<std::string> Expectations::service(const YAML::Node& expect) {
  Handlers known = of_service();
  known.merge(of_nodes());
  for (const auto& entry : expect) {
    const auto found = known.find(entry.first.Scalar());
    if (found != known.end()) {
      found->second(entry.second);
    } else {
      dimension(entry.first.Scalar(), entry.second);
    }
  }
  return unmet();
}

void Expectations::dimension(const std::string& name, const YAML::Node& expect) {
  const auto found = view_.dimensions.find(name);
  if (found == view_.dimensions.end()) return wrong(expect, name, "no such dimension or key");
  const DimensionView& got = found->second;
  const auto number = [&](const char* what, double value) {
    return [this, &name, what, value](const YAML::Node& wanted) {
      count(wanted, name + " " + what, value);
    };
  };
  PerStatus<double> nodes{};
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes.at(i) = got.nodes.at(i);
  each_key(
      expect,
      {{"canonical", [&](const auto& wanted) { canonical(wanted, name + " canonical", got); }},
       {"nodes", [&](const auto& wanted) { statuses(wanted, name + " nodes", nodes); }},
       {"status", [&](const auto& wanted) { status(wanted, name); }},
       {"states", [&](const auto& wanted) { states(wanted, name + " states", got); }},
       {"change", [&](const auto& wanted) { change(wanted, name + " change", got.open_change); }},
       {"last_change",
        [&](const auto& wanted) { change(wanted, name + " last_change", got.last_change); }},
       {"in_time", number("in_time", static_cast<double>(got.converged_in_time))},
       {"late", number("late", static_cast<double>(got.converged_late))},
       {"transitions",
        [&](const auto& wanted) {
          counts(wanted, name + " transitions", by_word(got.transitions));
        }},
       {"changes",
        [&](const auto& wanted) { counts(wanted, name + " changes", by_word(got.changes)); }},
       {"allowances",
        [&](const auto& wanted) { counts(wanted, name + " allowances", by_word(got.allowances)); }},
       {"preexisting", number("preexisting", got.preexisting_nodes)},
       {"canonical_missing_preexisting",
        [&](const auto& wanted) {
          truth(wanted, name + " canonical_missing_preexisting", got.preexisting_canonical_missing);
        }},
       {"compatible",
        [&](const auto& wanted) {
          text(wanted, name + " compatible",
               !got.compatible ? "absent" : (*got.compatible ? "true" : "false"));
        }},
       {"p95", [&](const auto& wanted) { time(wanted, name + " p95", got.last_p95); }},
       {"differing", [&](const auto& wanted) { differing(wanted, name); }},
       {"since", [&](const auto& wanted) { since(wanted, name); }}});
}

void Expectations::canonical_group(const YAML::Node& wanted, const std::string& what,
                                   const CanonicalView& got) {
  const auto parts = words(wanted.Scalar());
  std::string text = got.text;
  if (got.missing) text = "missing " + std::string(mse::name(*got.missing));
  if (wanted.Scalar() == "absent") text = got.key == StateKey{} ? "absent" : text;
  if (parts.size() == 2 && parts[0] == "missing")
    named<NoCanonical>(wanted, parts[1], kNoCanonicalCount);
  if (wanted.Scalar() != text) wrong(wanted, what, text.empty() ? "nothing" : text);
}

// "41", "missing no_majority", or {group: either}.
void Expectations::canonical(const YAML::Node& wanted, const std::string& what,
                             const DimensionView& got) {
  std::map<std::string, YAML::Node> groups;
  if (wanted.IsScalar()) {
    groups.emplace("", wanted);
  } else {
    for (const auto& entry : wanted) groups.emplace(entry.first.Scalar(), entry.second);
  }
  for (const auto& [group, value] : got.canonical) {
    if (!groups.contains(group)) wrong(wanted, what, "also a group " + group);
  }
  for (const auto& [group, value] : groups) {
    const auto found = got.canonical.find(group);
    if (found == got.canonical.end()) {
      wrong(value, what, "no group named " + group);
    } else {
      canonical_group(value, group.empty() ? what : std::string(what).append(" ").append(group),
                      found->second);
    }
  }
}

void Expectations::status(const YAML::Node& wanted, const std::string& name) {
  per_standing(
      wanted, name, [&](const YAML::Node& value, const std::string& who, const NodeDimension& got) {
        const auto parts = words(value.Scalar());
        const auto status = named<Status>(value, parts.at(0), kStatusCount);
        if (status == Status::transition && parts.size() == 1)
          throw Mistake(value, "transition needs the source of its allowance");
        const bool any_reason = status == Status::unknown && parts.size() == 1;
        const bool holds =
            any_reason ? got.status == Status::unknown : standing_text(got) == value.Scalar();
        if (!holds) wrong(value, who, shown(got));
      });
}

// {2.0: 3 target, 1.0: 7 previous}: every live state.
void Expectations::states(const YAML::Node& wanted, const std::string& what,
                          const DimensionView& got) {
  std::map<std::string, std::string> left;
  for (const auto& state : got.states)
    left[state.text] = std::to_string(state.nodes) + " " + std::string(mse::name(state.role));
  for (const auto& entry : wanted) {
    const std::string& key = entry.first.Scalar();
    text(entry.second, std::string(what).append(" ").append(key),
         left.contains(key) ? left[key] : "none");
    left.erase(key);
  }
  for (const auto& [state, nodes] : left)
    wrong(wanted, std::string(what).append(" ").append(state), nodes);
}

void Expectations::change(const YAML::Node& wanted, const std::string& what,
                          const std::optional<ChangeView>& got) {
  if (wanted.IsScalar()) {
    if (wanted.Scalar() != "none") throw Mistake(wanted, "expected a map or none");
    if (got) wrong(wanted, what, "one from " + got->from + " to " + got->to);
    return;
  }
  if (!got) return wrong(wanted, what, "none");
  each_key(
      wanted,
      {{"declared", [&](const auto& value) { truth(value, what + " declared", got->declared); }},
       {"open", [&](const auto& value) { truth(value, what + " open", got->open); }},
       {"deploy_id", [&](const auto& value) { text(value, what + " deploy_id", got->deploy_id); }},
       {"from", [&](const auto& value) { text(value, what + " from", got->from); }},
       {"to", [&](const auto& value) { text(value, what + " to", got->to); }},
       {"started",
        [&](const auto& value) {
          time(value, what + " started", story_time(got->started, stepped_));
        }},
       {"deadline",
        [&](const auto& value) {
          time(value, what + " deadline", story_time(got->deadline, stepped_));
        }},
       {"outcome",
        [&](const auto& value) {
          text(value, what + " outcome", got->outcome ? std::string(name(*got->outcome)) : "none");
        }},
       {"converged",
        [&](const auto& value) { count(value, what + " converged", got->converged_ratio); }},
       {"p95", [&](const auto& value) { time(value, what + " p95", got->p95); }}});
}

void Expectations::differing(const YAML::Node& wanted, const std::string& name) {
  per_standing(wanted, name,
               [&](const YAML::Node& value, const std::string& who, const NodeDimension& got) {
                 if (name_list(value) == got.differing_keys.list()) return;
                 std::string all;
                 for (const auto& key : got.differing_keys) all += key + " ";
                 wrong(value, who + " differing", all.empty() ? "none" : all);
               });
}

void Expectations::since(const YAML::Node& wanted, const std::string& name) {
  per_standing(wanted, name,
               [&](const YAML::Node& value, const std::string& who, const NodeDimension& got) {
                 time(value, who + " since",
                      got.since ? std::optional(story_time(*got.since, stepped_)) : std::nullopt);
               });
}

}  // namespace

Mark mark_of(const std::optional<ServiceView>& view) {
  if (!view) return {};
  return {view->requests, view->node_seconds, view->lag_within, view->lag_outside};
}

std::vector<std::string> unmet(const YAML::Node& expect, const Seen& seen) {
  if (expect.IsScalar()) {
    if (expect.Scalar() != "nothing exported") throw Mistake(expect, "expected a map");
    if (seen.view) return {"something is exported"};
    return {};
  }
  if (!seen.view) return {"nothing is exported"};
  return Expectations(seen).service(expect);
}

}  // namespace mse::story
