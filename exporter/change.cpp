// A change from its opening to its end.
#include "exporter/change.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mse {
namespace {

// Arrivals of one change that are remembered for its p95.
constexpr std::size_t kMostArrivals = 100'000;

// Old drift and what somebody acknowledged take no part.
bool all_known_hold(const Goal& goal, const Group& group) {
  bool any = false;
  for (const Seat& seat : group.seats) {
    const StateRef& state = seat.slot->seen.state();
    if (!state || seat.slot->exempt()) continue;
    if (state != goal.state()) return false;
    any = true;
  }
  return any;
}

bool expired(Now started, Now deadline, Mono now) {
  return now - started.mono >= kExpiry * (deadline.mono - started.mono);
}

// Unknown since before the change began: it can say nothing about it.
bool out_of_sight(const Slot& slot, const Change& change) {
  return !slot.seen.state() && slot.seen.unknown_since() < change.started.mono;
}

}  // namespace

std::optional<Duration> p95(std::vector<Duration> durations) {
  if (durations.empty()) return std::nullopt;
  const auto rank =
      static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(durations.size())));
  const auto nth = durations.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(durations.begin(), nth, durations.end());
  return *nth;
}

const Change* ChangeTracker::last(Mono now) const {
  return last_ && now - last_->closed <= kChangeKept ? &*last_ : nullptr;
}

void ChangeTracker::declare(const Order& order, const Group& group) {
  Order resolved = order;
  resolved.to.resolve(group.census);
  resolved.from.resolve(group.census);
  if (open_ && open_->to.same_as(resolved.to)) {
    open_->declared = true;
    open_->deploy_id = resolved.deploy_id;
    open_->started = resolved.started;
    open_->deadline = resolved.deadline;
    open_->canary = resolved.canary;
    if (!resolved.from.empty()) open_->from = resolved.from;
    return;
  }
  if (open_) close(Outcome::superseded, group);
  const bool over = expired(resolved.started, resolved.deadline, group.now.mono);
  if (!over && !all_known_hold(resolved.to, group)) open_new(resolved, true, group);
}

void ChangeTracker::open_new(const Order& order, bool declared, const Group& group) {
  Change change;
  change.serial = ++counts_->last_serial;
  change.declared = declared;
  change.deploy_id = order.deploy_id;
  change.from = from_of(order, group);
  change.to = order.to;
  change.started = order.started;
  change.deadline = order.deadline;
  change.canary = order.canary;
  change.reached = !declared;  // the node that opened it is there
  open_ = std::move(change);
}

Goal ChangeTracker::from_of(const Order& order, const Group& group) const {
  if (!order.from.empty()) return order.from;
  const Found& before = group.before;
  if (before.state && before.state != order.to.state()) return Goal(before.state);
  return Goal(group.census.commonest_but(order.to.state()));
}

std::optional<Change> ChangeTracker::advance(const Group& group) {
  if (!open_) return std::nullopt;
  open_->to.resolve(group.census);
  open_->from.resolve(group.census);
  arrive(group);
  if (open_->overdue(group.now.mono) && !open_->late_counted) count_late(group);
  const auto ended = outcome(group);
  if (!ended) return std::nullopt;
  return close(*ended, group);
}

void ChangeTracker::arrive(const Group& group) {
  const StateRef& target = open_->to.state();
  const Tally* there = target ? group.census.find(target) : nullptr;
  const int members = group.census.members();
  open_->ratio = there == nullptr || members == 0 ? 0 : double(there->nodes) / members;
  if (there == nullptr) return;
  for (const Seat& seat : group.seats) {
    if (seat.slot->seen.state() != target) continue;
    if (seat.slot->seen.confirmed() && !seat.slot->exempt()) open_->reached = true;
    if (seat.slot->arrived != open_->serial) arrived(seat, group);
  }
}

void ChangeTracker::arrived(const Seat& seat, const Group& group) {
  Slot& slot = *seat.slot;
  slot.arrived = open_->serial;
  const Mono at = slot.seen.first().mono;
  if (open_->first_node.empty()) {
    open_->first_node = *seat.node;
    open_->first_at = at;
  }
  const bool found_there =
      slot.just_found(group.first) || (slot.initial && slot.judged == slot.seen.state());
  const bool counts = !found_there && !slot.exempt() && at >= open_->started.mono &&
                      seat.joined <= open_->deadline.mono;
  if (counts && !open_->suspect) {
    counts_->convergence.observe(std::chrono::duration<double>(at - open_->started.mono).count());
    if (open_->arrivals.size() < kMostArrivals) open_->arrivals.push_back(at - open_->started.mono);
  }
  if (slot.counted == open_->serial) return;
  slot.counted = open_->serial;
  if (!counts) return;
  ++(at <= open_->deadline.mono ? counts_->converged_in_time : counts_->converged_late);
}

void ChangeTracker::count_late(const Group& group) {
  open_->late_counted = true;
  for (const Seat& seat : group.seats) {
    Slot& slot = *seat.slot;
    const bool asked = open_->canary.empty() || open_->canary.contains(*seat.node);
    const bool counts = asked && slot.counted != open_->serial && !slot.exempt() &&
                        seat.joined <= open_->deadline.mono && !out_of_sight(slot, *open_);
    if (!counts) continue;
    slot.counted = open_->serial;
    ++counts_->converged_late;
  }
}

std::optional<Outcome> ChangeTracker::outcome(const Group& group) const {
  if (!group.frozen && all_at(open_->to, group)) return Outcome::converged;
  if (!group.frozen && open_->reached && all_at(open_->from, group)) return Outcome::rolled_back;
  if (expired(open_->started, open_->deadline, group.now.mono)) return Outcome::expired;
  return std::nullopt;
}

bool ChangeTracker::all_at(const Goal& goal, const Group& group) const {
  bool any = false;
  for (const Seat& seat : group.seats) {
    const Slot& slot = *seat.slot;
    const StateRef& state = slot.seen.state();
    const bool there =
        state && (state == goal.state() || (&goal == &open_->from && goal.admits(state)));
    if (there && !slot.seen.confirmed()) return false;
    any = any || there;
    if (!there && !slot.exempt() && !out_of_sight(slot, *open_)) return false;
  }
  return any;
}

Change ChangeTracker::close(Outcome outcome, const Group& group) {
  Change closed = std::move(*open_);
  open_.reset();
  closed.outcome = outcome;
  closed.closed = group.now.mono;
  ++counts_->changes[outcome];
  if (outcome == Outcome::converged) {
    if (!closed.suspect) closed.p95 = p95(closed.arrivals);
    if (closed.p95) counts_->last_p95 = closed.p95;
  }
  closed.arrivals.clear();
  last_ = closed;
  return closed;
}

void ChangeTracker::canonical_moved(const Found& to, const Group& group) {
  if (!open_ || open_->declared || !to.state || to.state == group.before.state) return;
  if (to.state != open_->to.state() && !open_->from.admits(to.state))
    close(Outcome::superseded, group);
}

}  // namespace mse
