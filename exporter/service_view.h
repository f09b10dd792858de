// The parts of a service's snapshot that are no dimension's own.
#pragma once

#include <optional>
#include <vector>

#include "exporter/member.h"
#include "exporter/snapshot.h"

namespace mse {

// A node without its dimensions; its exposure is canonical until one says worse. Lag and link are
// shown while its last position is at most a few intervals old.
NodeView node_view(const Member& member, Mono now, Duration position_interval);

// How many of `nodes` nodes may be unknown under a verdict: a count, or a share below 1 rounded
// down; by default none up to 20 nodes, else 1 %.
int tolerated_unknown(const std::optional<double>& setting, std::size_t nodes);

// Dirty nodes, the longest lock, and online changes: within a replication group the most that one
// node shows, since replicas repeat their primary; summed over groups.
void add_migrations(ServiceView& view, const std::vector<Member*>& members);

// How many nodes have settings that wait for a restart, as last told; nothing where nobody tells.
std::optional<int> pending_restart(const std::vector<Member*>& members);

// How many serving nodes have a counter of their requests, or cannot be read and may have; not
// known while all of them cannot.
struct CounterShare {
  int having = 0, serving = 0;
  bool known = false;
};
CounterShare counter_share(const std::vector<Member*>& members);

// The change that the service's alerts take their identity from: the oldest open one of any
// dimension, else the last closed one.
std::optional<ChangeView> deploy_of(const std::map<std::string, DimensionView>& dimensions);

}  // namespace mse
