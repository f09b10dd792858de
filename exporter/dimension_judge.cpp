// A dimension's canonical states, and every node's status against them.
#include <algorithm>
#include <utility>

#include "exporter/dimension.h"

namespace mse {
namespace {

// Every known node is outside a canonical that is missing for these reasons; else it is unknown.
bool all_divergent(const Found& found) {
  return found.missing == NoCanonical::no_majority || found.missing == NoCanonical::two_primaries;
}

Slot* slot_of(const std::string& node, std::span<const Seat> seats) {
  const auto found = std::find_if(seats.begin(), seats.end(),
                                  [&node](const Seat& seat) { return *seat.node == node; });
  return found == seats.end() ? nullptr : found->slot;
}

}  // namespace

void Dimension::progress(const World& world) {
  for (auto& [name, group] : groups_) {
    const auto closed = group.changes.advance(now_of(group, world));
    if (closed) leave_behind(group, *closed, world.now.mono);
  }
}

void Dimension::leave_behind(Compared& group, const Change& closed, Mono now) {
  if (!closed.moves_canonical()) return;
  const bool back = closed.outcome == Outcome::rolled_back;
  group.canonical.hold(back ? closed.from.state() : closed.to.state(), now);
}

void Dimension::open_following(const Dimension& leader, const World& world) {
  const auto lead = leader.leading(StateWord(following_.declaration.state), world.now.mono);
  if (!lead) return;
  for (const auto& [name, group] : groups_) {
    if (const Slot* slot = slot_of(lead->node, group.seats))
      return follow_node(*slot, group, *lead, world);
  }
}

// The target is the state of the first node that reached the leader's, read after it did.
void Dimension::follow_node(const Slot& first, const Compared& group, const Lead& lead,
                            const World& world) {
  const StateRef state = first.seen.state();
  const bool moved = state && state != group.before.state;
  const bool read_since = state && first.seen.at() >= lead.at;
  if (!moved && !read_since) {
    if (!std::exchange(following_.hurried, true)) world.reread.insert(lead.node);
    return;
  }
  Order order = order_of(std::exchange(following_, {}).declaration, lead.change->started);
  order.to = Goal(state);
  order.from = {};
  order.started = lead.change->started;
  order.deadline = lead.change->deadline;
  const Change* open = group.changes.open();
  const bool adopts = open != nullptr && open->to.state() == state;
  if (moved || adopts) open_everywhere(order, world);
  progress(world);
}

PolicyKind Dimension::policy_of(const Compared& group, const World& world) const {
  const bool replicates = name_ == kReplicationHistory || world.replication.single();
  const PolicyKind kind = policy_.value_or(replicates ? PolicyKind::primary : PolicyKind::majority);
  const bool never_primary = !compare_within_.empty() && !group.had_primary;
  return kind == PolicyKind::primary && never_primary ? PolicyKind::majority : kind;
}

void Dimension::decide(Compared& group, const World& world) {
  if (source_lost_) {
    group.canonical.source_unreachable(*source_lost_);
  } else if (!source_.empty()) {
    group.canonical.declare(source_);
  }
  const Canonical::Rules rules{policy_of(group, world), 2 * convergence_, world.frozen,
                               first_ || std::exchange(group.forgotten, false)};
  group.found = group.canonical.decide(group.census, rules, world.now.mono);
  group.changes.canonical_moved(group.found, now_of(group, world));
  const Change* open = group.changes.open();
  if (open != nullptr && open->moves_canonical())
    group.found = {open->to.state(), open->to.text(), std::nullopt};
  if (group.found.state != group.before.state) group.differing.clear();
  group.first_canonical = !group.found.missing && group.missing_since_first;
  group.missing_since_first = group.found.missing && (first_ || group.missing_since_first);
}

Permissions Dimension::permissions_of(const Compared& group, const World& world) const {
  Permissions out{world.now, name_ == kAccessPolicy, group.changes.open(), {}, nullptr, nullptr};
  if (world.maintenance) out.maintenance = world.maintenance->why;
  if (!compatible_.empty()) out.compatible = &compatible_;
  if (!acknowledged_.empty()) out.acknowledged = &acknowledged_;
  return out;
}

void Dimension::judge(const World& world, std::vector<NodeView>& nodes) {
  tallies_ = {};
  tallies_.enforce = enforce_;
  tallies_.unsupported = unsupported_;
  live_.clear();
  counted_live_.clear();
  std::size_t states = 0;
  for (auto& [name, group] : groups_) {
    decide(group, world);
    judge_group(group, world, nodes);
    const bool was_open = group.changes.open() != nullptr;
    group.changes.follow(now_of(group, world), group.found);
    if (!was_open && group.changes.open() != nullptr) group.changes.advance(now_of(group, world));
    states += group.census.states().size();
  }
  judge_ungrouped(world, nodes);
  constexpr std::size_t kUnused = 64;
  if (states_.size() > 2 * states + kUnused) states_.forget_unused();
  begun_ = begun_ || !world.members.empty();
  restored_.reset();
  judged_at_ = world.now.mono;
}

void Dimension::judge_group(Compared& group, const World& world, std::vector<NodeView>& nodes) {
  const Permissions permissions = permissions_of(group, world);
  for (std::size_t i = 0; i < group.seats.size(); ++i) {
    const std::size_t row = group.rows[i];
    NodeDimension judged =
        judge_node(group, group.seats[i], *world.members[row], permissions, world);
    tally(judged, group.seats[i]);
    show(judged.status == Status::canonical ? canonical_row(group) : row_of(std::move(judged)),
         nodes[row]);
  }
}

// There is nothing of its own to say of a node in the canonical state.
const SharedRow& Dimension::canonical_row(Compared& group) const {
  if (!group.canonical_row || group.canonical_row->second.state != group.found.state) {
    NodeDimension canonical;
    canonical.status = Status::canonical;
    canonical.state = group.found.state;
    group.canonical_row = row_of(std::move(canonical));
  }
  return group.canonical_row;
}

SharedRow Dimension::row_of(NodeDimension judged) const {
  return std::make_shared<const DimensionRow>(shared_name_, std::move(judged));
}

// They are unknown, for what is read of a node comes with its group.
void Dimension::judge_ungrouped(const World& world, std::vector<NodeView>& nodes) {
  for (const std::size_t row : ungrouped_) {
    Slot& own = slot(*world.members[row]);
    own.unknown_at_first = own.unknown_at_first || first_;
    NodeDimension judged;
    judged.reason = own.seen.reason();
    ++tallies_.nodes.at(static_cast<std::size_t>(judged.status));
    show(row_of(std::move(judged)), nodes[row]);
  }
}

void Dimension::show(SharedRow row, NodeView& node) const {
  if (!shown_) return;
  if (enforce_ == Enforce::page && !unsupported_)
    node.exposure = std::max(node.exposure, exposed(row->second));
  node.dimensions.append(std::move(row));
}

NodeDimension Dimension::judge_node(Compared& group, const Seat& seat, const Member& member,
                                    const Permissions& permissions, const World& world) {
  NodeDimension out;
  Slot& slot = *seat.slot;
  const StateRef& state = slot.seen.state();
  if (!state) {
    out.reason = slot.seen.reason();
    slot.unknown_at_first = slot.unknown_at_first || first_;
    return out;
  }
  out.state = state;
  if (slot.old_drift != state) slot.old_drift = nullptr;
  if (state == group.found.state) {
    out.status = Status::canonical;
    slot.since.reset();
    slot.old_drift = slot.acknowledged = nullptr;
  } else if (!group.found.missing || all_divergent(group.found)) {
    judge_outside(out, group, seat, member, permissions, world);
  }
  return out;
}

void Dimension::judge_outside(NodeDimension& out, Compared& group, const Seat& seat,
                              const Member& member, const Permissions& permissions,
                              const World& world) {
  Slot& slot = *seat.slot;
  const StateRef& state = slot.seen.state();
  out.differing_keys = differing(group, state);
  const Case node{*seat.node, state, group.found, out.differing_keys,
                  lagging(member, slot, group.found, world)};
  const auto allowed = allowance(node, permissions);
  out.status = allowed ? Status::transition : Status::divergent;
  if (allowed) {
    out.allowance = allowed->source;
    out.allowance_why = allowed->why;
    out.allowance_who = allowed->who;
    out.allowance_until = allowed->until;
  }
  slot.acknowledged = out.allowance == AllowanceSource::acknowledged ? state : nullptr;
  const bool just_moved = first_ || slot.seen.first().mono > judged_at_;
  if (!slot.since) slot.since = just_moved ? slot.seen.first().wall : world.now.wall;
  out.since = slot.since;
  bind_old_drift(out, slot, group);
  out.preexisting = out.status == Status::divergent && slot.old_drift == state;
}

void Dimension::bind_old_drift(const NodeDimension& judged, Slot& slot,
                               const Compared& group) const {
  const bool found_so = slot.just_found(first_) ||
                        (group.first_canonical && slot.initial && slot.judged == slot.seen.state());
  const bool may_outlast = judged.status == Status::divergent ||
                           judged.allowance == AllowanceSource::lag ||
                           judged.allowance == AllowanceSource::maintenance;
  const StateRef& state = slot.seen.state();
  const Change* open = group.changes.open();
  const bool of_change = open != nullptr && open->declared && open->from.admits(state);
  if (found_so && may_outlast && !of_change) slot.old_drift = state;
}

KeyList Dimension::differing(Compared& group, const StateRef& state) const {
  if (!group.found.state || group.found.state->remembered) return {};
  const auto [place, added] = group.differing.try_emplace(state.get());
  if (added) place->second = {state, differing_keys(*state, *group.found.state)};
  return place->second.second;
}

bool Dimension::lagging(const Member& member, const Slot& slot, const Found& canonical,
                        const World& world) const {
  if (!slot.seen.replicated() || !member.identity || member.role() != Role::replica) return false;
  const auto primary = first_reads_.find(member.identity->group);
  if (primary == first_reads_.end()) return false;
  const Duration oldest = kLagKept * world.cadences.position_interval;
  return is_lag(slot.seen, canonical.state, primary->second, lag_of(member, world.now.mono, oldest),
                world.objectives.replica_lag);
}

void Dimension::tally(const NodeDimension& node, const Seat& seat) {
  ++tallies_.nodes.at(static_cast<std::size_t>(node.status));
  if (node.allowance) ++tallies_.allowances[*node.allowance];
  if (node.preexisting) ++tallies_.preexisting_nodes;
  const StateRef& state = seat.slot->seen.state();
  const bool lives =
      !compatible_.empty() && state && seat.serving && node.allowance != AllowanceSource::lag;
  if (lives && counted_live_.insert(state.get()).second) live_.push_back(state);
}

}  // namespace mse
