// When a node is polled next and how deep, and who takes part in a position round first.
#pragma once

#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/report.h"

namespace mse {

// The polls of one collector on one node. Each node keeps its own phase within the interval, so
// that the load is even; the first poll does not wait for it. Phases are ticks, half a second apart
// or a thirtieth of a shorter interval: what is polled in one go costs half of what it costs alone,
// for it finds the program in the processor's caches. A poll that overran skips what it missed:
// polls never pile up. Pure: time and chance are told.
class Schedule {
 public:
  struct Poll {
    Mono at{};
    Depth depth = Depth::deep;
  };

  // The first poll is deep, within `spread` of `start`; `chance` is uniform in [0, 1) and decides
  // both that instant and the phase.
  Schedule(Cadences cadences, Mono start, Duration spread, double chance);

  Poll next() const { return next_; }

  // The poll that began at `began` gave a report: the next one on the grid after `now`. Deep when
  // deep_interval has passed by then since the last deep one.
  void succeeded(Depth depth, Mono began, Mono now);

  // It failed: the next one after `wait`, deep, for nothing is known of the node any more.
  void failed(Mono now, Duration wait);

  // Something moved: a deep poll now, unless the node is being waited for after a failure.
  void hurry(Mono now);

  // Other cadences from now on: a shorter interval does not wait for the end of the longer one.
  void reconfigure(Cadences cadences, Mono now);

 private:
  Mono on_grid_after(Mono instant) const;

  Cadences cadences_;
  Mono phase_{};      // one instant of the grid of polls
  Mono last_deep_{};  // when the last deep poll that succeeded began
  Poll next_;
  bool backing_off_ = false;
};

// What is known of a node when a position round begins.
struct RoundMember {
  std::string node;
  Role role = Role::none;
  std::string group;  // empty: not known yet, a group of its own
  std::string former_group;
  bool answers = true;  // false: known of, but not to be read
};

// One replication group's part of a round: `first` are read together, `then` when those have
// answered or half the interval is over. A replica is then never ahead of its primary by chance.
struct GroupRound {
  std::vector<std::string> first;  // replicas, and nodes whose role is not known
  std::vector<std::string> then;   // primaries
};

// Without primaries that no member can lag behind: alone in their group while all groups are known.
std::vector<GroupRound> rounds_of(const std::vector<RoundMember>& members);

}  // namespace mse
