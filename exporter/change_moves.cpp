// Nodes that moved or were born: their direction, and the undeclared changes they open.
#include "exporter/change.h"

#include <algorithm>
#include <utility>

namespace mse {
namespace {

// Moves to states beyond these many open nothing until there is room again.
constexpr std::size_t kMostCandidates = 8;

// Whether a state that a node moved to differs from the canonical that stood before it did.
bool differs(const StateRef& state, const Found& before, const Found& now) {
  if (before.missing || state == before.state) return false;
  return before.state || state != now.state;
}

}  // namespace

void ChangeTracker::follow(const Group& group, const Found& canonical) {
  for (const Seat& seat : group.seats) {
    Slot& slot = *seat.slot;
    const StateRef& state = slot.seen.state();
    if (!state || state == slot.judged) continue;
    const bool found = slot.just_found(group.first);
    const bool known = !found && !std::exchange(slot.forgotten, false);
    if (known) slot.judged ? moved(seat, group, canonical) : born(seat, group, canonical);
    slot.initial = found;
    slot.judged = state;
  }
  settle_candidates(group);
}

void ChangeTracker::moved(const Seat& seat, const Group& group, const Found& canonical) {
  const StateRef& to = seat.slot->seen.state();
  const auto decided = direction(to, group.now.mono);
  Candidate* opener = candidate(to, group, canonical, seat);
  if (opener != nullptr && !decided && !open_) {
    ++opener->moves;
  } else {
    count(decided.value_or(Direction::lateral));
  }
}

void ChangeTracker::born(const Seat& seat, const Group& group, const Found& canonical) {
  const StateRef& state = seat.slot->seen.state();
  candidate(state, group, canonical, seat);
  const Change* change = open() != nullptr ? open() : last(group.now.mono);
  if (change == nullptr || !change->from.admits(state)) return;
  const bool allowed = change->declared && !change->outcome && !change->overdue(group.now.mono);
  if (!allowed && change->outcome != Outcome::rolled_back) count(Direction::backward);
}

std::optional<Direction> ChangeTracker::direction(const StateRef& to, Mono now) const {
  if (open_ && to == open_->to.state()) return Direction::forward;
  const Change* change = open_ ? &*open_ : last(now);
  if (change != nullptr && change->from.admits(to)) return Direction::backward;
  return std::nullopt;
}

ChangeTracker::Candidate* ChangeTracker::candidate(const StateRef& to, const Group& group,
                                                   const Found& canonical, const Seat& seat) {
  const auto known = std::find_if(candidates_.begin(), candidates_.end(),
                                  [&to](const Candidate& c) { return c.target == to; });
  if (known != candidates_.end()) return &*known;
  const bool of_open = open_ && (to == open_->to.state() || open_->from.admits(to));
  if (of_open || seat.slot->exempt() || !differs(to, group.before, canonical)) return nullptr;
  if (candidates_.size() >= kMostCandidates) return nullptr;
  candidates_.push_back({to, group.before.state, seat.slot->seen.first()});
  return &candidates_.back();
}

void ChangeTracker::settle_candidates(const Group& group) {
  std::vector<Candidate> waiting;
  for (Candidate& candidate : candidates_) {
    const Tally* there = group.census.find(candidate.target);
    const bool confirmed = std::any_of(group.seats.begin(), group.seats.end(), [&](const Seat& s) {
      return s.slot->seen.state() == candidate.target && s.slot->seen.confirmed() &&
             !s.slot->exempt();
    });
    if (confirmed && !open_) {
      const Now deadline{
          candidate.started.mono + group.objective,
          candidate.started.wall + std::chrono::duration_cast<Wall::duration>(group.objective)};
      open_new({Goal(candidate.target), Goal(candidate.from), "", candidate.started, deadline, {}},
               false, group);
    }
    if (open_ && open_->to.state() == candidate.target) {
      count(Direction::forward, candidate.moves);
    } else if (there == nullptr) {
      count(Direction::lateral, candidate.moves);
    } else {
      waiting.push_back(candidate);
    }
  }
  candidates_ = std::move(waiting);
}

void ChangeTracker::count(Direction direction, std::uint64_t moves) {
  counts_->transitions[direction] += moves;
}

}  // namespace mse
