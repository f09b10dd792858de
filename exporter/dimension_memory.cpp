// A dimension's part of history: what it leaves to the next run, and goes on from.
#include <utility>

#include "exporter/dimension.h"

namespace mse {
namespace {

std::optional<RememberedState> kept(const StateRef& state) {
  if (!state) return std::nullopt;
  return RememberedState{state->key.fingerprint, !state->key.secret_digest.empty(), state->text};
}

// Of a node: there are many, and none needs a text.
std::optional<RememberedState> mark(const StateRef& state) {
  if (!state) return std::nullopt;
  return RememberedState{state->key.fingerprint, !state->key.secret_digest.empty(), ""};
}

// Nothing of a state that had secrets: which of those with its fingerprint it was nobody knows.
StateRef recall(const std::optional<RememberedState>& state, StateTable& states) {
  if (!state || state->secret) return nullptr;
  return states.intern(State{{state->fingerprint, ""}, state->text, {}, true});
}

RememberedGoal kept(const Goal& goal) {
  return {goal.word().text(), kept(goal.state())};
}

// A state that had secrets is known again as a pipeline would name it: by its fingerprint.
Goal recall(const RememberedGoal& goal, StateTable& states) {
  StateRef state = recall(goal.state, states);
  std::string word = goal.word;
  if (word.empty() && goal.state && goal.state->secret)
    word = std::to_string(goal.state->fingerprint);
  return Goal(StateWord(std::move(word)), std::move(state));
}

RememberedChange kept(const Change& change, const Storing& clocks) {
  RememberedChange out;
  out.serial = change.serial;
  out.declared = change.declared;
  out.deploy_id = change.deploy_id;
  out.from = kept(change.from);
  out.to = kept(change.to);
  out.started = clocks.wall(change.started);
  out.deadline = clocks.wall(change.deadline);
  out.canary = change.canary;
  out.reached = change.reached;
  out.late_counted = change.late_counted;
  out.suspect = change.suspect;
  out.first_node = change.first_node;
  if (!change.first_node.empty()) out.first_at = clocks.wall(change.first_at);
  out.arrivals = change.arrivals;
  out.outcome = change.outcome;
  if (change.outcome) out.closed = clocks.wall(change.closed);
  out.ratio = change.ratio;
  out.p95 = change.p95;
  return out;
}

// Told apart from each other by their secrets alone: not any more.
bool indistinct(const RememberedChange& change) {
  const auto& from = change.from.state;
  const auto& to = change.to.state;
  return from && to && from->fingerprint == to->fingerprint;
}

std::optional<Change> recall(const std::optional<RememberedChange>& change, const Restoring& clocks,
                             StateTable& states) {
  if (!change || indistinct(*change)) return std::nullopt;
  Change out;
  out.serial = change->serial;
  out.declared = change->declared;
  out.deploy_id = change->deploy_id;
  out.from = recall(change->from, states);
  out.to = recall(change->to, states);
  out.started = clocks.past(change->started);
  out.deadline = clocks.at(change->deadline);
  out.canary = change->canary;
  out.reached = change->reached;
  out.late_counted = change->late_counted;
  out.suspect = change->suspect || (!change->outcome && clocks.stepped_back());
  out.first_node = change->first_node;
  if (!change->first_node.empty()) out.first_at = clocks.past(change->first_at).mono;
  out.arrivals = change->arrivals;
  out.outcome = change->outcome;
  if (change->outcome) out.closed = clocks.past(change->closed).mono;
  out.ratio = change->ratio;
  out.p95 = change->p95;
  return out;
}

RememberedOrder kept(const Order& order, const Storing& clocks) {
  return {kept(order.to),
          kept(order.from),
          order.deploy_id,
          clocks.wall(order.started),
          clocks.wall(order.deadline),
          order.canary};
}

Order recall(const RememberedOrder& order, const Restoring& clocks, StateTable& states) {
  return {recall(order.to, states),   recall(order.from, states), order.deploy_id,
          clocks.past(order.started), clocks.at(order.deadline),  order.canary};
}

RememberedNode kept(const Slot& slot, const Storing& clocks) {
  RememberedNode out;
  out.judged = mark(slot.judged);
  out.old_drift = mark(slot.old_drift);
  out.acknowledged = mark(slot.acknowledged);
  out.initial = slot.initial;
  out.unknown_at_first = slot.unknown_at_first;
  if (!slot.seen.state()) out.unknown_since = clocks.wall(slot.seen.unknown_since());
  out.since = slot.since;
  out.counted = slot.counted;
  out.arrived = slot.arrived;
  return out;
}

}  // namespace

void ChangeTracker::remember(RememberedGroup& out, const Storing& clocks, Mono now) const {
  if (open_) out.open = kept(*open_, clocks);
  if (const Change* closed = last(now)) out.last = kept(*closed, clocks);
  for (const Candidate& candidate : candidates_) {
    out.candidates.push_back({kept(candidate.target).value(), kept(candidate.from),
                              clocks.wall(candidate.started), candidate.moves});
  }
}

void ChangeTracker::restore(const RememberedGroup& group, const Restoring& clocks,
                            StateTable& states) {
  open_ = recall(group.open, clocks, states);
  last_ = recall(group.last, clocks, states);
  for (const RememberedCandidate& candidate : group.candidates) {
    const StateRef target = recall(candidate.target, states);
    if (!target) continue;
    candidates_.push_back(
        {target, recall(candidate.from, states), clocks.past(candidate.started), candidate.moves});
  }
}

RememberedGroup Dimension::remember_group(const Compared& group, const Storing& clocks) const {
  RememberedGroup out;
  out.held = kept(group.canonical.held());
  out.found = kept(group.found.state);
  out.text = group.found.text;
  out.missing = group.found.missing;
  // While there is one it is seen at every evaluation, which is no news.
  if (group.canonical.primary_seen() != judged_at_)
    out.primary_seen = clocks.wall(group.canonical.primary_seen());
  out.had_primary = group.had_primary;
  out.missing_since_first = group.missing_since_first;
  group.changes.remember(out, clocks, judged_at_);
  return out;
}

RememberedWords Dimension::remember_words(const Storing& clocks) const {
  RememberedWords out;
  out.begun = begun_;
  out.ever_state = ever_state_;
  out.source = source_.text();
  if (source_lost_) out.source_lost = clocks.wall(*source_lost_);
  out.told_before.assign(told_before_.begin(), told_before_.end());
  for (const Told& told : told_) out.told.push_back({told.declaration, clocks.wall(told.at)});
  if (standing_) out.standing = kept(*standing_, clocks);
  out.leader = following_.leader;
  out.following = following_.declaration;
  out.last_serial = counts_.last_serial;
  out.last_p95 = counts_.last_p95;
  return out;
}

RememberedDimension Dimension::remember(const std::vector<Member*>& members,
                                        const Storing& clocks) const {
  if (restored_) return *restored_;
  RememberedDimension out;
  out.words = remember_words(clocks);
  for (const auto& [name, group] : groups_) out.groups.emplace(name, remember_group(group, clocks));
  for (const Member* member : members) {
    if (member->place >= slots_.size()) continue;
    const auto& [owner, slot] = slots_[member->place];
    if (owner == member->serial) out.nodes.emplace(member->settings.name, kept(slot, clocks));
  }
  return out;
}

void Dimension::restore_words(const Restoring& clocks) {
  const RememberedWords& words = restored_->words;
  begun_ = words.begun;
  ever_state_ = words.ever_state;
  source_ = StateWord(words.source);
  if (words.source_lost) source_lost_ = clocks.past(*words.source_lost).mono;
  told_before_.assign(words.told_before.begin(), words.told_before.end());
  for (const RememberedTold& told : words.told)
    told_.push_back({told.declaration, clocks.past(told.at), {}});
  if (words.standing) standing_ = recall(*words.standing, clocks, states_);
  following_ = {words.leader, words.following};
  counts_.last_serial = words.last_serial;
  counts_.last_p95 = words.last_p95;
}

void Dimension::restore_group(Compared& group, const RememberedGroup& remembered,
                              const Restoring& clocks) {
  const auto seen = remembered.primary_seen;
  const Mono primary_seen = seen ? clocks.past(*seen).mono : clocks.now().mono;
  group.canonical.hold(recall(remembered.held, states_), primary_seen);
  if (!source_.empty()) group.canonical.declare(source_);
  group.found = {recall(remembered.found, states_), remembered.text, remembered.missing};
  group.forgotten = remembered.held && remembered.held->secret;
  group.had_primary = remembered.had_primary;
  group.missing_since_first = remembered.missing_since_first;
  group.changes.restore(remembered, clocks, states_);
  group.fresh = false;
}

void Dimension::restore(RememberedDimension remembered, const Restoring& clocks) {
  restored_ = std::move(remembered);
  restoring_ = clocks;
  restore_words(clocks);
  for (const auto& [name, group] : restored_->groups)
    restore_group(groups_.try_emplace(name, &counts_).first->second, group, clocks);
}

// A node's slot as history has it. What it was judged in, if that had secrets, is not known: its
// next state is taken for that, without being old drift.
Slot Dimension::recalled(const Member& member) {
  const auto found = restored_->nodes.find(member.settings.name);
  if (found == restored_->nodes.end()) return Slot(member.joined);
  const RememberedNode& node = found->second;
  const Restoring& clocks = *restoring_;
  Slot slot(node.unknown_since ? clocks.past(*node.unknown_since).mono : clocks.now().mono);
  slot.judged = recall(node.judged, states_);
  slot.old_drift = recall(node.old_drift, states_);
  slot.acknowledged = recall(node.acknowledged, states_);
  slot.forgotten = node.judged && node.judged->secret;
  slot.initial = node.initial && !slot.forgotten;
  slot.unknown_at_first = node.unknown_at_first && !slot.forgotten;
  if (node.since) slot.since = clocks.past(*node.since).wall;
  slot.counted = node.counted;
  slot.arrived = node.arrived;
  return slot;
}

}  // namespace mse
