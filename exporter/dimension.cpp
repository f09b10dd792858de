// A dimension's settings, its nodes' polls, and its groups with what is declared for them.
#include "exporter/dimension.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mse {
namespace {

// Age limits (semantics 1).
constexpr int kStaleIntervals = 3;
constexpr Duration kStaleAtLeast = std::chrono::seconds(60);

// A declared time is never taken to be further away than this, so that no sum overflows.
constexpr Duration kFarthest = std::chrono::hours(24 * 3650);

// Declarations that are known again when they are told once more.
constexpr std::size_t kToldBefore = 16;

// Whose word a new value of a declared source is.
constexpr std::string_view kCanonicalSource = "canonical";

// Groups without nodes that are remembered beside those with nodes.
constexpr std::size_t kEmptyGroups = 64;

template <typename Map>
const auto* setting(const Map& map, const std::string& dimension, bool of_service = true) {
  auto found = map.find(dimension);
  if (found == map.end() && of_service) found = map.find("");
  return found == map.end() ? nullptr : &found->second;
}

std::string spelled(Role role) {
  if (role == Role::none) return "none";
  return role == Role::primary ? "primary" : "replica";
}

// A declared wall time on both clocks, as the pair told with it relates them.
Now on_both_clocks(Wall declared, Now told) {
  const auto farthest = std::chrono::duration_cast<Wall::duration>(kFarthest);
  const Wall near = std::clamp(declared, told.wall - farthest, told.wall + farthest);
  return {told.mono + (near - told.wall), declared};
}

Now later(Now instant, Duration by) {
  return {instant.mono + by, instant.wall + std::chrono::duration_cast<Wall::duration>(by)};
}

}  // namespace

void Dimension::configure(const ServiceSettings& settings) {
  const bool own_policy_only = name_ == kReplicationHistory;
  const CanonicalPolicy* policy = setting(settings.canonical, name_, !own_policy_only);
  policy_ = policy == nullptr ? std::nullopt : std::optional(policy->kind);
  literal_.reset();
  if (policy != nullptr && policy->kind == PolicyKind::declared) {
    if (const auto* literal = std::get_if<Literal>(&policy->source)) literal_ = literal->state;
  }
  const auto* within = setting(settings.compare_within, name_, false);
  compare_within_ = within == nullptr ? std::vector<std::string>{} : *within;
  const Enforce* enforce = setting(settings.enforce, name_);
  enforce_ = enforce == nullptr ? Enforce::page : *enforce;
  const auto* compatible = setting(settings.compatible, name_, false);
  compatible_ = compatible == nullptr ? Compatible() : Compatible(*compatible);
  acknowledged_.clear();
  for (const Acknowledgement& allowed : settings.allow) {
    if (allowed.dimension == name_) acknowledged_.emplace_back(allowed);
  }
  convergence_ = settings.objectives.convergence;
}

void Dimension::poll_every(Duration interval) {
  stale_after_ = std::max<Duration>(kStaleIntervals * interval, kStaleAtLeast);
}

Slot& Dimension::slot(const Member& member) {
  if (slots_.size() <= member.place) slots_.resize(member.place + 1);
  auto& [owner, slot] = slots_[member.place];
  if (owner != member.serial) slot = restored_ ? recalled(member) : Slot(member.joined);
  owner = member.serial;
  return slot;
}

bool Dimension::read(Member& member, Reading reading, Now now) {
  Sighting& seen = slot(member).seen;
  if (const auto* unknown = std::get_if<Unknown>(&reading.outcome)) {
    seen.decline(unknown->reason, now.mono);
    return false;
  }
  auto* state = std::get_if<State>(&reading.outcome);
  ever_state_ = ever_state_ || state != nullptr;
  const StateRef ref = state != nullptr ? states_.intern(std::move(*state)) : states_.absent();
  seen.see(ref, reading.replicated, reading.position, now);
  if (!reading.replicated || !member.identity) return false;
  FirstRead& primary = first_reads_[member.identity->group];
  if (member.role() != Role::primary) {
    const StateRef& judged = slot(member).judged;
    return judged && judged != ref && primary.state != ref;
  }
  if (primary.state == ref) return false;
  const bool moved = primary.state != nullptr;
  primary = {ref, std::move(reading.position)};
  return moved;
}

void Dimension::missed(const Member& member, Reason reason, Now now) {
  slot(member).seen.miss(reason, now.mono);
}

void Dimension::declared(const DeclaredValue& value, Now now) {
  if (policy_ != PolicyKind::declared) return;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    if (!source_lost_) source_lost_ = now.mono;
    return;
  }
  source_lost_.reset();
  if (*text == source_.text()) return;
  const bool another = begun_ && !source_.empty();
  source_ = StateWord(*text);
  if (!another) return;
  Declaration change;
  change.state = *text;
  told_.push_back({change, now, std::string(kCanonicalSource)});
}

bool Dimension::declare(const Declaration& declaration, const std::string& source, Now now) {
  const bool repeated = last_word_.contains(source) && last_word_[source] == declaration;
  last_word_[source] = declaration;
  const auto known = std::find(told_before_.begin(), told_before_.end(), declaration);
  // Without a time of its own an earlier word may be meant anew, if its source said another since;
  // with one it is that old change.
  const bool again = known != told_before_.end() &&
                     (declaration.started != Wall{} || repeated || *known == told_before_.back());
  if (again) {
    for (Told& told : told_)
      if (told.source.empty() && told.declaration == declaration) told.source = source;
    return false;
  }
  told_before_.push_back(declaration);
  if (told_before_.size() > kToldBefore) told_before_.pop_front();
  told_.push_back({declaration, now, source});
  return true;
}

void Dimension::follow(const std::string& leader, const Declaration& declaration) {
  following_ = {leader, declaration};
}

bool Dimension::complete(const std::vector<Member*>& members) {
  return !members.empty() && std::all_of(members.begin(), members.end(), [this](Member* member) {
    return slot(*member).seen.polled();
  });
}

std::optional<std::string> Dimension::group_of(const Member& member, const World& world) const {
  if (name_ == kReplicationHistory) {
    const ReplicationGroup* group = world.replication.of(member);
    if (group == nullptr || group->servers < 2) return std::nullopt;
    return group->name;
  }
  std::string name;
  for (const std::string& key : compare_within_) {
    if (key == "role" && !member.answered) return std::nullopt;
    const auto label = member.settings.labels.find(key);
    if (&key != &compare_within_.front()) name += ',';
    if (key == "role") {
      name += spelled(member.role());
    } else if (label != member.settings.labels.end()) {
      name += label->second;
    }
  }
  return name;
}

void Dimension::count(const World& world) {
  first_ = !begun_;
  if (slots_.size() < world.places) slots_.resize(world.places);  // the seats point to them
  for (auto& [name, group] : groups_) {
    group.census = {};
    group.seats.clear();
    group.rows.clear();
  }
  ungrouped_.clear();
  answers_ = {};
  for (std::size_t row = 0; row < world.members.size(); ++row) {
    Member& member = *world.members[row];
    Sighting& seen = slot(member).seen;
    seen.expire(world.now.mono, stale_after_);
    answers_.count(seen);
    const auto name = group_of(member, world);
    if (name) {
      seat(groups_.try_emplace(*name, &counts_).first->second, member, row, world);
    } else if (name_ != kReplicationHistory) {
      ungrouped_.push_back(row);
    }
  }
  if (groups_.size() > world.members.size() + kEmptyGroups)
    std::erase_if(groups_, [](const auto& entry) { return entry.second.seats.empty(); });
  if (first_reads_.size() > world.members.size() + kEmptyGroups) first_reads_.clear();
  see_what_there_is(world);
}

void Dimension::seat(Compared& group, Member& member, std::size_t row, const World& world) {
  Slot& own = slot(member);
  group.seats.push_back({&member.settings.name, &own, member.serves(), member.joined});
  group.rows.push_back(row);
  const StateRef& state = own.seen.state();
  group.census.count(state, member.serves(), own.seen.confirmed());
  if (!member.live_primary()) return;
  const ReplicationGroup* replication = world.replication.of(member);
  group.census.count_primary(state, replication != nullptr && replication->two_primaries);
  group.had_primary = true;
}

void Dimension::Answers::count(const Sighting& seen) {
  const StateRef& state = seen.state();
  absent = absent && (!seen.polled() || (state && state->key.fingerprint == 0));
  supported = supported || seen.unsupported() == false;
  unsupported = unsupported || seen.says_unsupported();
}

void Dimension::see_what_there_is(const World& world) {
  if (world.members.empty()) return;
  const bool compared = name_ != kReplicationHistory ||
                        std::any_of(groups_.begin(), groups_.end(),
                                    [](const auto& group) { return !group.second.seats.empty(); });
  shown_ = compared && (ever_state_ || !answers_.absent);
  unsupported_ = answers_.unsupported && !answers_.supported;
}

Group Dimension::now_of(const Compared& group, const World& world) const {
  return {world.now, group.census, group.seats, first_, world.frozen, group.before, convergence_};
}

Order Dimension::order_of(const Declaration& declaration, Now told) const {
  Order order{Goal(StateWord(declaration.state)), {}, declaration.deploy_id, told, {}, {}};
  if (!declaration.from.empty()) order.from = Goal(StateWord(declaration.from));
  if (declaration.started != Wall{}) order.started = on_both_clocks(declaration.started, told);
  order.deadline = on_both_clocks(declaration.deadline, told);
  if (declaration.deadline == Wall{} || order.deadline.mono <= order.started.mono)
    order.deadline = later(order.started, convergence_);
  order.canary.insert(declaration.nodes.begin(), declaration.nodes.end());
  return order;
}

void Dimension::open_everywhere(const Order& order, const World& world) {
  standing_ = order;
  for (auto& [name, group] : groups_) group.changes.declare(order, now_of(group, world));
}

void Dimension::open_declared(const World& world) {
  for (auto& [name, group] : groups_) {
    group.before = group.found;
    const bool fresh = std::exchange(group.fresh, false);
    if (fresh && standing_) group.changes.declare(*standing_, now_of(group, world));
  }
  if (literal_) declared(*literal_, world.now);
  std::deque<Told> ahead;
  for (const Told& told : std::exchange(told_, {})) {
    const Order order = order_of(told.declaration, told.at);
    // A source says one thing at a time; what another says is no reason to forget it.
    std::erase_if(ahead, [&told](const Told& earlier) {
      return earlier.source.empty() || earlier.source == told.source;
    });
    if (order.started.mono > world.now.mono) {
      ahead.push_back(told);
    } else {
      open_everywhere(order, world);
      if (told.source != kCanonicalSource) opened_.push_back(told.declaration);
    }
  }
  std::stable_sort(ahead.begin(), ahead.end(), [](const Told& one, const Told& other) {
    return one.declaration.started < other.declaration.started;
  });
  told_ = std::move(ahead);
}

std::optional<Dimension::Lead> Dimension::leading(const StateWord& target, Mono now) const {
  for (const auto& [name, group] : groups_) {
    for (const Change* change : {group.changes.open(), group.changes.last(now)}) {
      const bool meant = change != nullptr && change->declared && change->to.same_as(Goal(target));
      if (!meant || change->first_node.empty()) continue;
      if (auto lead = lead_of(*change, group)) return lead;
    }
  }
  return std::nullopt;
}

std::optional<Dimension::Lead> Dimension::lead_of(const Change& change, const Compared& group) {
  std::optional<Lead> lead;
  for (const Seat& seat : group.seats) {
    if (*seat.node == change.first_node) return Lead{&change, *seat.node, change.first_at};
    const StateRef& state = seat.slot->seen.state();
    const Mono at = seat.slot->seen.first().mono;
    if (!state || state != change.to.state()) continue;
    if (!lead || at < lead->at) lead = Lead{&change, *seat.node, at};
  }
  return lead;
}

}  // namespace mse
