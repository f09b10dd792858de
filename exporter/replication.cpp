// Replication groups, lag rounds, and lag told from drift.
#include "exporter/replication.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace mse {
namespace {

// Samples remembered over all groups of a service, and the bounds for one of them.
constexpr std::size_t kSamples = 2'000'000, kMostSamples = 7200, kLeastSamples = 300;

// How many times its objective a lag may be before the difference is called drift.
constexpr int kHopeless = 10;

bool belongs(const Member& member) {
  return member.identity && !member.identity->group.empty();
}

// What the members say of their groups' names, and what others have said before.
void learn(Lineages& lineages, const std::vector<Member*>& members) {
  std::set<std::string> told;
  for (const Member* member : members) {
    if (!belongs(*member)) continue;
    lineages.join(member->identity->group, member->identity->former_group);
    told.insert(member->identity->group);
  }
  lineages.keep(told);
}

// What the identities of a service say together.
struct Identities {
  std::set<std::string> groups, primary_servers;
  std::unordered_map<std::string, std::string> group_of_server;
  bool two_databases = false;

  Identities(const std::vector<Member*>& members, const Lineages& lineages) {
    for (const Member* member : members) {
      if (belongs(*member)) add(*member->identity, lineages.name(member->identity->group));
    }
  }

  void add(const Identity& identity, const std::string& group) {
    groups.insert(group);
    if (identity.role == Role::primary) primary_servers.insert(identity.server);
    const auto [known, added] = group_of_server.try_emplace(identity.server, group);
    if (!added && known->second != group) two_databases = true;
  }

  bool one_group() const {
    return groups.size() == 1 || (primary_servers.size() == 1 && !two_databases);
  }
};

// Servers and primaries of each group, counted.
struct Servers {
  std::set<std::string> all, primaries;
  int unknown = 0;
};

void count_servers(const std::vector<Member*>& members, std::vector<ReplicationGroup>& groups) {
  std::vector<Servers> servers(groups.size());
  for (const Member* member : members) {
    if (member->replication_group < 0) continue;
    Servers& group = servers[static_cast<std::size_t>(member->replication_group)];
    if (!member->identity) {
      ++group.unknown;
      continue;
    }
    group.all.insert(member->identity->server);
    if (member->live_primary()) group.primaries.insert(member->identity->server);
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].servers = static_cast<int>(servers[i].all.size()) + servers[i].unknown;
    groups[i].two_primaries = servers[i].primaries.size() > 1;
  }
}

}  // namespace

void ReplicationGroups::find(const std::vector<Member*>& members) {
  groups_.clear();
  learn(lineages_, members);
  const Identities identities(members, lineages_);
  single_ = identities.one_group();
  if (single_) groups_.push_back({});
  std::unordered_map<std::string, int> index;
  for (Member* member : members) {
    member->replication_group = single_ ? 0 : -1;
    if (single_ || !belongs(*member)) continue;
    const std::string& name = lineages_.name(member->identity->group);
    const auto [place, added] = index.try_emplace(name, static_cast<int>(groups_.size()));
    if (added) groups_.push_back({name});
    member->replication_group = place->second;
  }
  count_servers(members, groups_);
}

const ReplicationGroup* ReplicationGroups::of(const Member& member) const {
  if (member.replication_group < 0) return nullptr;
  return &groups_[static_cast<std::size_t>(member.replication_group)];
}

void LagRounds::round(const std::vector<Member*>& answered, const ReplicationGroups& groups,
                      Duration objective, Mono now) {
  std::vector<Part> parts(groups.all().size());
  for (Member* member : answered) {
    member->lag = {};
    if (member->replication_group < 0) continue;
    Part& part = parts[static_cast<std::size_t>(member->replication_group)];
    const Role role = member->position->identity.role;
    if (role == Role::primary) part.primaries.push_back(member);
    if (role == Role::replica) part.replicas.push_back(member);
  }
  std::set<std::string_view> live;
  const std::size_t share = kSamples / std::max<std::size_t>(parts.size(), 1);
  const std::size_t capacity = std::clamp(share, kLeastSamples, kMostSamples);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    live.insert(groups.all()[i].name);
    if (parts[i].replicas.empty() && !histories_.contains(groups.all()[i].name)) continue;
    PositionHistory& history = histories_.try_emplace(groups.all()[i].name, capacity).first->second;
    read_primary(history, parts[i]);
    for (Member* replica : parts[i].replicas) {
      const Position& applied = replica->position->position;
      replica->lag = history.lag(applied.history, applied.bytes, now);
      count(replica->lag, objective);
    }
  }
  std::erase_if(histories_, [&live](const auto& entry) { return !live.contains(entry.first); });
}

void LagRounds::read_primary(PositionHistory& history, const Part& part) {
  const bool one_server =
      std::all_of(part.primaries.begin(), part.primaries.end(), [&part](const Member* primary) {
        return primary->position->identity.server ==
               part.primaries.front()->position->identity.server;
      });
  if (part.primaries.empty() || !one_server) {
    history.primary_lost();
    return;
  }
  const PositionReading& primary = *part.primaries.front()->position;
  history.add(primary.position.history, primary.at, primary.position.bytes);
}

void LagRounds::count(const Lag& lag, Duration objective) {
  const auto at_least = lag.time ? lag.time : lag.at_least;
  if (lag.time && *lag.time <= objective) ++within_;
  if (at_least && *at_least > objective) ++outside_;
}

std::optional<Lag> lag_of(const Member& member, Mono now, Duration oldest) {
  if (!member.position || member.position->identity.role != Role::replica) return std::nullopt;
  if (now - member.position->at > oldest) return Lag{};
  return member.lag;
}

bool is_lag(const Sighting& replica, const StateRef& canonical, const FirstRead& primary,
            const std::optional<Lag>& lag, Duration objective) {
  if (!replica.replicated() || !replica.position() || !primary.position) return false;
  if (primary.state != canonical || primary.position->history != replica.position()->history)
    return false;
  const bool older = replica.position()->bytes < primary.position->bytes;
  return older && lag && lag->time && *lag->time < kHopeless * objective;
}

}  // namespace mse
