// What a snapshot shows of a dimension as a whole.
#include <algorithm>
#include <utility>

#include "exporter/dimension.h"
#include "exporter/fingerprint.h"

namespace mse {
namespace {

constexpr std::size_t kCauseDigits = 12;

// Names a change in metrics without naming people's words or versions.
std::string cause_of(const Change& change, const std::string& dimension) {
  if (!change.deploy_id.empty()) return sha256_hex(change.deploy_id).substr(0, kCauseDigits);
  const StateRef& target = change.to.state();
  const std::string to = target ? std::to_string(target->key.fingerprint) : change.to.text();
  return sha256_hex(dimension + ":" + to).substr(0, kCauseDigits);
}

constexpr std::size_t kShownArrivals = 64;

// Evenly thinned: the first and the last stay. Not always in order: a declaration that adopts a
// change brings another start.
std::vector<std::pair<Duration, int>> thinned(std::vector<Duration> arrivals) {
  std::sort(arrivals.begin(), arrivals.end());
  std::vector<std::pair<Duration, int>> points;
  const std::size_t count = std::min(arrivals.size(), kShownArrivals);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = count == 1 ? 0 : i * (arrivals.size() - 1) / (count - 1);
    points.emplace_back(arrivals[place], static_cast<int>(place) + 1);
  }
  return points;
}

ChangeView view_of(const Change& change, const std::string& dimension, Now now) {
  ChangeView view;
  view.declared = change.declared;
  view.open = !change.outcome;
  view.deploy_id = change.deploy_id.empty() ? "none" : change.deploy_id;
  view.cause = cause_of(change, dimension);
  view.from = change.from.text();
  view.to = change.to.text();
  view.started = change.started.wall;
  view.deadline = change.deadline.wall;
  view.outcome = change.outcome;
  view.converged_ratio = change.ratio;
  view.p95 = change.p95;
  view.overdue = view.open && change.overdue(now.mono);
  if (change.reached && !change.first_node.empty())
    view.reached = now.mono - std::max(change.first_at, change.started.mono);
  view.from_state = change.from.state();
  view.to_state = change.to.state();
  if (change.outcome) view.ended = now.wall - (now.mono - change.closed);
  view.arrivals = thinned(change.arrivals);
  return view;
}

// Of states with one fingerprint the first in this order is named, the others show as "other".
bool named_before(const StateNodes& one, const StateNodes& other) {
  return std::make_tuple(one.key.fingerprint, one.role, -one.nodes, one.key) <
         std::make_tuple(other.key.fingerprint, other.role, -other.nodes, other.key);
}

bool shown_before(const StateNodes& one, const StateNodes& other) {
  return std::make_tuple(-one.nodes, one.role, one.key) <
         std::make_tuple(-other.nodes, other.role, other.key);
}

void order(std::vector<StateNodes>& states) {
  std::sort(states.begin(), states.end(), named_before);
  for (std::size_t i = 1; i < states.size(); ++i)
    states[i].secret_variant = states[i].key.fingerprint == states[i - 1].key.fingerprint;
  std::sort(states.begin(), states.end(), shown_before);
}

}  // namespace

std::vector<StateNodes> Dimension::live_states() const {
  std::unordered_map<const State*, StateNodes> all;
  for (const auto& [name, group] : groups_) {
    const Change* open = group.changes.open();
    for (const Tally& tally : group.census.states()) {
      StateNodes& state = all[tally.state.get()];
      state.key = tally.state->key;
      state.text = tally.state->text;
      state.nodes += tally.nodes;
      StateRole role = StateRole::other;
      if (open != nullptr && open->from.admits(tally.state)) role = StateRole::previous;
      if (tally.state == group.found.state) role = StateRole::target;
      state.role = std::min(state.role, role);
    }
  }
  std::vector<StateNodes> out;
  out.reserve(all.size());
  for (auto& [state, nodes] : all) out.push_back(std::move(nodes));
  order(out);
  return out;
}

DimensionView Dimension::view(const World& world) const {
  DimensionView view = tallies_;
  for (const auto& [name, group] : groups_) {
    // A group that lost its nodes before it had any canonical misses none.
    if (!name.empty() && group.seats.empty() && !group.found.state) continue;
    CanonicalView& canonical = view.canonical[name];
    if (group.found.state) canonical.key = group.found.state->key;
    canonical.text = group.found.text;
    canonical.missing = group.found.missing;
    view.preexisting_canonical_missing =
        view.preexisting_canonical_missing || group.missing_since_first;
  }
  view.states = live_states();
  view.transitions = counts_.transitions;
  view.changes = counts_.changes;
  view.converged_in_time = counts_.converged_in_time;
  view.converged_late = counts_.converged_late;
  view.convergence = counts_.convergence;
  view.last_p95 = counts_.last_p95;
  if (!compatible_.empty()) view.compatible = compatible_.all_together(live_);
  view_changes(view, world.now);
  return view;
}

std::optional<ChangeView> Dimension::change(const std::string& deploy_id, Now now) const {
  const Change* oldest = nullptr;
  const Change* newest = nullptr;
  const auto is = [&deploy_id](const Change* change) {
    return change != nullptr && change->declared && change->deploy_id == deploy_id;
  };
  for (const auto& [name, group] : groups_) {
    const Change* open = group.changes.open();
    const Change* last = group.changes.last(now.mono);
    if (is(open) && (oldest == nullptr || open->started.mono < oldest->started.mono)) oldest = open;
    if (is(last) && (newest == nullptr || last->closed > newest->closed)) newest = last;
  }
  const Change* found = oldest != nullptr ? oldest : newest;
  return found == nullptr ? std::nullopt : std::optional(view_of(*found, name_, now));
}

void Dimension::view_changes(DimensionView& view, Now now) const {
  std::vector<const Change*> open;
  const Change* newest = nullptr;
  for (const auto& [name, group] : groups_) {
    const Change* last = group.changes.last(now.mono);
    if (group.changes.open() != nullptr) open.push_back(group.changes.open());
    if (last != nullptr && (newest == nullptr || last->closed > newest->closed)) newest = last;
  }
  std::stable_sort(open.begin(), open.end(), [](const Change* one, const Change* other) {
    return one->started.mono < other->started.mono;
  });
  for (const Change* change : open) {
    if (view.open_change) {
      view.other_changes.push_back(view_of(*change, name_, now));
    } else {
      view.open_change = view_of(*change, name_, now);
    }
  }
  if (newest != nullptr) view.last_change = view_of(*newest, name_, now);
}

}  // namespace mse
