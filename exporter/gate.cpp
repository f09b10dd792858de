// The rules in their order, and the reasons that they give.
#include "exporter/gate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "exporter/burn.h"
#include "exporter/gate_stance.h"
#include "exporter/sighting.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::array<std::string_view, 4> kVerdictNames{"go", "unknown", "hold", "rollback"};
constexpr std::array<std::string_view, 13> kCodeNames{"stale",
                                                      "first_round",
                                                      "no_nodes",
                                                      "nothing_compared",
                                                      "unknown_dimension",
                                                      "no_canonical",
                                                      "unknown_nodes",
                                                      "exposure_burn",
                                                      "incompatible",
                                                      "manual_hold",
                                                      "access_policy_drift",
                                                      "change_overdue",
                                                      "divergent_nodes"};

constexpr double kPauseFactor = 4;
constexpr double kMostExposure = 0.9;
constexpr Duration kBurnTime = static_cast<int>(Burn{}.size()) * kBurnWindow;

// When asking again may help: polls come every 15 s unless configured; people are slower.
constexpr Duration kRetryUnknown = std::chrono::seconds(15);
constexpr Duration kRetryHold = std::chrono::seconds(30);
constexpr Duration kRetryRollback = std::chrono::seconds(60);

using Reasons = std::vector<GateReason>;

// A dimension that counts, and the caller in it.
struct Scene {
  const std::string& name;
  const DimensionView& view;
  GateStance stance;
};

struct Case {
  const ServiceView& service;
  const GateQuestion& question;
  std::vector<Scene> scenes;
};

Case case_of(const ServiceView& service, const GateQuestion& question) {
  Case out{service, question, {}};
  for (const auto& [name, view] : service.dimensions) {
    if (is_enforced(view)) out.scenes.push_back({name, view, GateStance(name, view, question)});
  }
  return out;
}

GateReason reason(GateCode code, std::string dimension, std::string what, std::string clears) {
  return {code, std::move(dimension), {}, 0, {}, std::move(what), std::move(clears)};
}

void name_node(GateReason& reason, const NodeView& node, const std::optional<Wall>& since) {
  ++reason.count;
  if (reason.nodes.size() < kNamedNodes) reason.nodes.push_back(node.name);
  if (since && (!reason.since || *since < *reason.since)) reason.since = since;
}

std::string nodes_text(int count) {
  return std::to_string(count) + (count == 1 ? " node" : " nodes");
}

GateReason stale(const Freshness& freshness) {
  return reason(GateCode::stale, "",
                "What is known is " + format_duration(freshness.age) + " old, more than " +
                    format_duration(freshness.stale_after) + ".",
                "The exporter evaluates again; see its log.");
}

GateReason first_round(const std::string& what) {
  return reason(GateCode::first_round, "", what, "Every node has been polled once.");
}

void find_no_canonical(const Case& asked, Reasons& out) {
  for (const Scene& scene : asked.scenes) {
    for (const auto& [group, canonical] : scene.view.canonical) {
      if (!canonical.missing) continue;
      const std::string of = group.empty() ? "" : " for " + group;
      out.push_back(reason(GateCode::no_canonical, scene.name,
                           "There is no canonical state of " + scene.name + of + " (" +
                               std::string(name(*canonical.missing)) + ").",
                           "Its policy finds one, or the deploy's target is declared."));
    }
  }
}

bool is_unknown_in(const NodeView& node, const std::vector<Scene>& scenes) {
  return std::any_of(scenes.begin(), scenes.end(), [&](const Scene& scene) {
    const auto found = node.dimensions.find(scene.name);
    return found != node.dimensions.end() && found->second.status == Status::unknown;
  });
}

void find_unknown_nodes(const Case& asked, Reasons& out) {
  std::vector<Scene> with_unknown;
  for (const Scene& scene : asked.scenes) {
    if (scene.view.nodes.at(static_cast<std::size_t>(Status::unknown)) > 0)
      with_unknown.push_back(scene);
  }
  if (with_unknown.empty()) return;
  GateReason found = reason(GateCode::unknown_nodes, "", "", "They can be read again.");
  for (const NodeView& node : asked.service.nodes) {
    if (is_unknown_in(node, with_unknown)) name_node(found, node, {});
  }
  const int tolerated = asked.service.tolerated_unknown;
  if (found.count <= tolerated) return;
  if (with_unknown.size() == 1) found.dimension = with_unknown.front().name;
  found.what = nodes_text(found.count) + " cannot be read, more than the " +
               std::to_string(tolerated) + " that a verdict may stand on.";
  out.push_back(std::move(found));
}

Reasons unknowns(const Case& asked, const Freshness& freshness) {
  Reasons out;
  const std::string& dimension = asked.question.dimension;
  if (freshness.age > freshness.stale_after) out.push_back(stale(freshness));
  if (asked.service.nodes.empty())
    out.push_back(reason(GateCode::no_nodes, "", "The service has no nodes.", "It has some."));
  for (const std::string& name : asked.service.first_rounds)
    out.push_back(first_round("The first round of " + name + " is incomplete."));
  const bool waits = !asked.service.first_rounds.empty();
  if (!asked.service.nodes.empty() && !waits && !compares(asked.service))
    out.push_back(reason(GateCode::nothing_compared, "", "No state of the service is compared.",
                         "A collector reads a dimension that its nodes support."));
  if (!dimension.empty() && !asked.service.dimensions.contains(dimension))
    out.push_back(reason(GateCode::unknown_dimension, dimension,
                         "Nothing is known of the dimension that the caller names.",
                         "It is collected, or another one is named."));
  find_no_canonical(asked, out);
  find_unknown_nodes(asked, out);
  return out;
}

// The caller's open changes of which a node has reached the target, with their dimension.
std::vector<std::pair<const Scene*, const ChangeView*>> reached_by_caller(const Case& asked) {
  std::vector<std::pair<const Scene*, const ChangeView*>> out;
  for (const Scene& scene : asked.scenes) {
    for (const ChangeView* change : scene.stance.open()) {
      if (change->reached && scene.stance.owns(*change)) out.emplace_back(&scene, change);
    }
  }
  return out;
}

bool burns(const ServiceView& service) {
  const double limit = std::min(kPauseFactor * service.objectives.exposure, kMostExposure);
  return std::all_of(service.burn.begin(), service.burn.end(),
                     [limit](const auto& share) { return share && *share > limit; });
}

std::string percent(double ratio) {
  const auto tenths = std::lround(ratio * 1000);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

constexpr const char* kChoose =
    "Roll back or go forward: pausing alone leaves the exposure as it is.";

GateReason exposure_burn(const Case& asked, const Scene& scene, const ChangeView& change) {
  const double least =
      **std::min_element(asked.service.burn.begin(), asked.service.burn.end(),
                         [](const auto& one, const auto& other) { return *one < *other; });
  GateReason out = reason(GateCode::exposure_burn, scene.name,
                          "For 15 minutes divergent nodes served at least " + percent(least) +
                              " of the traffic; the budget is " +
                              percent(asked.service.objectives.exposure) + ".",
                          kChoose);
  out.since = change.started;
  return out;
}

Reasons rollbacks(const Case& asked) {
  Reasons out;
  const auto reached = reached_by_caller(asked);
  if (reached.empty()) return out;
  const auto [scene, oldest] =
      *std::max_element(reached.begin(), reached.end(), [](const auto& one, const auto& other) {
        return *one.second->reached < *other.second->reached;
      });
  if (*oldest->reached >= kBurnTime && burns(asked.service))
    out.push_back(exposure_burn(asked, *scene, *oldest));
  for (const Scene& each : asked.scenes) {
    if (each.view.compatible != false) continue;
    out.push_back(
        reason(GateCode::incompatible, each.name,
               "Serving nodes hold states of " + each.name + " that are not listed as compatible.",
               kChoose));
  }
  return out;
}

void find_overdue(const Case& asked, Reasons& out) {
  for (const Scene& scene : asked.scenes) {
    for (const ChangeView* change : scene.stance.open()) {
      if (!change->overdue || scene.stance.settles(*change)) continue;
      const std::string who = change->declared ? "deploy " + change->deploy_id : "undeclared";
      GateReason found =
          reason(GateCode::change_overdue, scene.name,
                 "Another change of " + scene.name + " (" + who + ") is past its deadline.",
                 "It converges, is rolled back, or another target is declared.");
      found.since = change->deadline;
      out.push_back(std::move(found));
    }
  }
}

// New drift that holds the caller; of a deploy that repairs all of it, nothing.
std::optional<GateReason> drift(const Case& asked, const Scene& scene) {
  if (scene.view.nodes.at(static_cast<std::size_t>(Status::divergent)) <=
      scene.view.preexisting_nodes)
    return std::nullopt;
  GateReason found;
  found.dimension = scene.name;
  bool mended = true;
  for (const NodeView& node : asked.service.nodes) {
    const auto at = node.dimensions.find(scene.name);
    if (at == node.dimensions.end()) continue;
    const NodeDimension& own = at->second;
    if (own.status != Status::divergent || own.preexisting || scene.stance.lets(own)) continue;
    mended = mended && scene.stance.mends(own);
    name_node(found, node, own.since);
  }
  return mended ? std::nullopt : std::optional(std::move(found));
}

void find_drift(const Case& asked, Reasons& out) {
  for (const Scene& scene : asked.scenes) {
    auto found = drift(asked, scene);
    if (!found) continue;
    const bool policy = scene.name == kAccessPolicy;
    found->code = policy ? GateCode::access_policy_drift : GateCode::divergent_nodes;
    found->what = nodes_text(found->count) + " diverged in " + scene.name +
                  (policy ? "." : ", neither at the caller's target nor on the way to it.");
    found->clears =
        "They hold the canonical state; or the deploy that repairs them is declared; or they are "
        "acknowledged.";
    out.push_back(*std::move(found));
  }
}

Reasons holds(const Case& asked) {
  Reasons out;
  if (const auto& hold = asked.service.hold) {
    out.push_back(reason(GateCode::manual_hold, "", hold->owner + " holds it: " + hold->reason,
                         "It is released, or ends at " + format_timestamp(hold->until) + "."));
  }
  find_drift(asked, out);
  find_overdue(asked, out);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& one, const auto& other) { return one.code < other.code; });
  return out;
}

std::optional<Duration> longest_lag(const ServiceView& service) {
  std::optional<Duration> out;
  for (const NodeView& node : service.nodes) {
    if (node.lag && node.lag->time && (!out || *node.lag->time > *out)) out = node.lag->time;
  }
  return out;
}

std::optional<double> converged_of(const Case& asked) {
  const ChangeView* oldest = nullptr;
  for (const Scene& scene : asked.scenes) {
    for (const ChangeView* change : scene.stance.open()) {
      const bool older = oldest == nullptr || change->started < oldest->started;
      if (older && scene.stance.owns(*change)) oldest = change;
    }
  }
  return oldest == nullptr ? std::nullopt : std::optional(oldest->converged_ratio);
}

void decide(GateAnswer& answer, Verdict verdict, Reasons reasons) {
  constexpr std::array<Duration, 4> kRetry{Duration::zero(), kRetryUnknown, kRetryHold,
                                           kRetryRollback};
  answer.verdict = verdict;
  answer.reasons = std::move(reasons);
  answer.retry_after = kRetry.at(static_cast<std::size_t>(verdict));
}

GateAnswer waiting(const std::string& what, std::optional<Duration> age) {
  GateAnswer answer;
  decide(answer, Verdict::unknown, {first_round(what)});
  answer.age = age;
  return answer;
}

}  // namespace

std::string_view name(Verdict verdict) {
  return kVerdictNames.at(static_cast<std::size_t>(verdict));
}
std::string_view name(GateCode code) {
  return kCodeNames.at(static_cast<std::size_t>(code));
}

GateAnswer gate(const ServiceView& service, const GateQuestion& question,
                const Freshness& freshness) {
  const Case asked = case_of(service, question);
  GateAnswer answer;
  answer.age = freshness.age;
  answer.exposure = service.burn.front();
  answer.lag = longest_lag(service);
  answer.converged = converged_of(asked);
  if (Reasons found = unknowns(asked, freshness); !found.empty()) {
    decide(answer, Verdict::unknown, std::move(found));
  } else if (found = rollbacks(asked); !found.empty()) {
    decide(answer, Verdict::rollback, std::move(found));
  } else if (found = holds(asked); !found.empty()) {
    decide(answer, Verdict::hold, std::move(found));
  } else {
    decide(answer, Verdict::go, {});
  }
  return answer;
}

std::optional<GateAnswer> gate(const Snapshot& snapshot, std::string_view service,
                               const GateQuestion& question, Mono now) {
  const Freshness freshness{now - snapshot.at, snapshot.stale_after};
  for (const ServiceView& view : snapshot.services) {
    if (view.name == service) return gate(view, question, freshness);
  }
  const auto& names = snapshot.waiting;
  if (std::find(names.begin(), names.end(), service) == names.end()) return std::nullopt;
  return waiting("The service's first round is incomplete.", freshness.age);
}

GateAnswer gate_without_snapshot() {
  return waiting("Nothing has been evaluated yet.", std::nullopt);
}

GateQuestion oldest_caller(const ServiceView& service) {
  const ChangeView* oldest = nullptr;
  const std::string* dimension = nullptr;
  const auto look = [&](const std::string& name, const ChangeView& change) {
    const bool older = oldest == nullptr || change.started < oldest->started;
    if (!change.declared || !older) return;
    oldest = &change;
    dimension = &name;
  };
  for (const auto& [name, view] : service.dimensions) {
    if (view.open_change) look(name, *view.open_change);
    for (const ChangeView& change : view.other_changes) look(name, change);
  }
  if (oldest == nullptr) return {};
  const std::uint64_t to = oldest->to_state ? oldest->to_state->key.fingerprint : 0;
  return {oldest->deploy_id, to == 0 ? oldest->to : std::to_string(to), *dimension};
}

}  // namespace mse
