// Moves of one group of nodes from state to state: opened, followed, closed and counted (semantics
// 7).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "exporter/canonical.h"
#include "exporter/clocks.h"
#include "exporter/remembered.h"
#include "exporter/sighting.h"

namespace mse {

// How long a closed change is remembered.
inline constexpr Duration kChangeKept = std::chrono::minutes(390);

// A change stays open for this many times what it was given.
inline constexpr int kExpiry = 10;

struct Change {
  std::uint32_t serial = 0;  // unique in the dimension, from 1
  bool declared = false;
  std::string deploy_id;  // empty: none was named
  Goal from, to;
  Now started, deadline;
  std::set<std::string> canary;  // the declared nodes; empty: all
  bool reached = false;          // some node was confirmed outside the from-state, at the target
  std::string first_node;        // the first node that reached the target
  Mono first_at{};               // and when
  bool late_counted = false;
  std::vector<Duration> arrivals;  // of every node that was seen to arrive
  std::optional<Outcome> outcome;  // of a closed one
  Mono closed{};
  double ratio = 0;  // of the nodes now in the group, at the target
  std::optional<Duration> p95;
  bool suspect = false;  // the clock stepped while nobody looked: in no percentile

  bool overdue(Mono now) const { return now > deadline.mono; }
  bool moves_canonical() const { return declared && canary.empty(); }
};

// A declaration whose times are known: what a tracker opens.
struct Order {
  Goal to, from;  // an empty `from`: the previous canonical, else the commonest other state
  std::string deploy_id;
  Now started, deadline;
  std::set<std::string> canary;
};

// Counted over all groups of a dimension, and only ever more.
struct ChangeCounts {
  std::map<Direction, std::uint64_t> transitions;
  std::map<Outcome, std::uint64_t> changes;
  std::uint64_t converged_in_time = 0, converged_late = 0;
  Histogram convergence{kConvergenceBounds};
  std::optional<Duration> last_p95;
  std::uint32_t last_serial = 0;
};

// One group at one evaluation.
struct Group {
  Now now;
  const Census& census;
  std::span<const Seat> seats;
  bool first = false;    // the first complete round
  bool frozen = false;   // nodes are in grace
  Found before;          // the canonical at the last evaluation
  Duration objective{};  // of convergence
};

// The changes of one group. At most one is open. The order of the calls in an evaluation is that
// of the declarations below. Pure.
class ChangeTracker {
 public:
  explicit ChangeTracker(ChangeCounts* counts) : counts_(counts) {}

  // A declaration opens a change, adopts or updates the one open for the same target, or supersedes
  // the one for another. Nothing opens when all known nodes hold the target already, nor after its
  // expiry.
  void declare(const Order& order, const Group& group);

  // Arrivals at the target, lateness at the deadline, and the end: the change that ended, if any.
  std::optional<Change> advance(const Group& group);

  // The canonical moved by itself: an undeclared change to and from elsewhere is superseded.
  void canonical_moved(const Found& to, const Group& group);

  // Nodes that moved or were born since the last evaluation: counts directions, and opens an
  // undeclared change once the first of them is confirmed. `canonical` is that of now.
  void follow(const Group& group, const Found& canonical);

  const Change* open() const { return open_ ? &*open_ : nullptr; }
  const Change* last(Mono now) const;  // the last closed one, while it is remembered

  // Its part of a group's history.
  void remember(RememberedGroup& out, const Storing& clocks, Mono now) const;
  void restore(const RememberedGroup& group, const Restoring& clocks, StateTable& states);

 private:
  // A state that a node moved to, or was born in, beside the canonical: a change once confirmed.
  struct Candidate {
    StateRef target, from;
    Now started;
    std::uint64_t moves = 0;  // whose direction is decided with it
  };

  void open_new(const Order& order, bool declared, const Group& group);
  Goal from_of(const Order& order, const Group& group) const;
  void arrive(const Group& group);
  void arrived(const Seat& seat, const Group& group);
  void count_late(const Group& group);
  std::optional<Outcome> outcome(const Group& group) const;
  bool all_at(const Goal& goal, const Group& group) const;
  Change close(Outcome outcome, const Group& group);
  void born(const Seat& seat, const Group& group, const Found& canonical);
  void moved(const Seat& seat, const Group& group, const Found& canonical);
  std::optional<Direction> direction(const StateRef& to, Mono now) const;
  Candidate* candidate(const StateRef& to, const Group& group, const Found& canonical,
                       const Seat& seat);
  void settle_candidates(const Group& group);
  void count(Direction direction, std::uint64_t moves = 1);

  ChangeCounts* counts_;
  std::optional<Change> open_, last_;
  std::vector<Candidate> candidates_;
};

// The nearest-rank 95th percentile; nothing of nothing.
std::optional<Duration> p95(std::vector<Duration> durations);

}  // namespace mse
