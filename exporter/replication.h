// Which nodes replicate from each other, and how far behind each replica is (semantics 3).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/lineages.h"
#include "exporter/member.h"
#include "exporter/sighting.h"

namespace mse {

inline constexpr std::string_view kReplicationHistory = "replication_history";

// A replica's lag stands for this many position intervals: one missed round does not hide it.
inline constexpr int kLagKept = 3;

struct ReplicationGroup {
  std::string name;
  int servers = 0;             // nodes of unknown server count as one each
  bool two_primaries = false;  // two readable servers of it are primary
};

// The replication groups of a service. Nodes of one history identity and database are one, over any
// failovers that were seen; with one primary server and one database all nodes are, whatever else
// is known of them. A node that has not said where it belongs joins the only group, if there is
// only one.
class ReplicationGroups {
 public:
  // Finds them anew and writes `replication_group` of every member. Linear.
  void find(const std::vector<Member*>& members);

  bool single() const { return single_; }  // the service is one replication group
  const std::vector<ReplicationGroup>& all() const { return groups_; }
  const ReplicationGroup* of(const Member& member) const;

 private:
  std::vector<ReplicationGroup> groups_;
  Lineages lineages_;  // of what identities call their groups
  bool single_ = false;
};

// Lag of every replica by the position history of its group. Memory is bounded over all groups.
class LagRounds {
 public:
  // One coordinated round: the members that answered have their `position` of `now`. Writes `lag`
  // of the replicas among them, and counts their samples against `objective`.
  void round(const std::vector<Member*>& answered, const ReplicationGroups& groups,
             Duration objective, Mono now);

  std::uint64_t within() const { return within_; }
  std::uint64_t outside() const { return outside_; }

 private:
  struct Part {
    std::vector<Member*> primaries, replicas;
  };
  void read_primary(PositionHistory& history, const Part& part);
  void count(const Lag& lag, Duration objective);

  std::map<std::string, PositionHistory> histories_;  // of the groups that have replicas
  std::uint64_t within_ = 0, outside_ = 0;
};

// The lag that still stands at `now`: of a replica whose position is at most `oldest` old.
std::optional<Lag> lag_of(const Member& member, Mono now, Duration oldest);

// Where a group's primary was when it was first read in the state that it is in.
struct FirstRead {
  StateRef state;
  std::optional<Position> position;
};

// Whether a difference from `canonical` is lag: the replica was read before it could have the state
// that its primary was first read in, and is not hopelessly behind.
bool is_lag(const Sighting& replica, const StateRef& canonical, const FirstRead& primary,
            const std::optional<Lag>& lag, Duration objective);

}  // namespace mse
