// What is remembered of one node in one dimension, from poll to poll.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exporter/config.h"
#include "exporter/report.h"
#include "exporter/states.h"

namespace mse {

// The dimension that maintenance and declared changes never cover.
inline constexpr std::string_view kAccessPolicy = "access_policy";

// The polls of one node in one dimension.
class Sighting {
 public:
  // `joined`: since when the node is in the inventory; unknown{stale} until its first poll.
  // A node restored from history is unknown since its last run, or since it was before.
  explicit Sighting(Mono joined = {}) : unknown_since_(joined) {}

  // A poll ended with a state (absent is one).
  void see(const StateRef& state, bool replicated, std::optional<Position> position, Now now);
  // A poll ended with the node's answer that it has none, or shows none.
  void decline(Reason reason, Mono now);
  // A poll ended without an answer.
  void miss(Reason reason, Mono now);
  // Not polled for longer than `limit`: unknown{stale} since then.
  void expire(Mono now, Duration limit);

  bool polled() const { return polled_; }           // has had any outcome
  const StateRef& state() const { return state_; }  // null while unknown
  Reason reason() const { return reason_; }         // while unknown
  // Whether its last answer was that it does not support the dimension; nothing before any answer.
  std::optional<bool> unsupported() const { return unsupported_; }
  // Whether that answer is its last poll's, too.
  bool says_unsupported() const { return unsupported_ == true && reason_ == Reason::unsupported; }
  Mono unknown_since() const { return unknown_since_; }
  Now first() const { return first_; }                    // the first poll of the run of equal ones
  Mono at() const { return at_; }                         // the newest poll
  bool confirmed() const { return state_ && run_ >= 2; }  // two consecutive equal polls
  bool replicated() const { return replicated_; }
  const Position* position() const { return position_.get(); }  // where it was read, if told

 private:
  void lose(Reason reason, Mono since);

  StateRef state_;
  Reason reason_ = Reason::stale;
  Mono unknown_since_{}, at_{};
  Now first_{};
  int run_ = 0;
  bool polled_ = false, replicated_ = false;
  std::optional<bool> unsupported_;
  std::unique_ptr<const Position> position_;  // apart: most slots have none
};

// A node in a dimension with what the rules remember of it between evaluations.
struct Slot {
  explicit Slot(Mono joined = {}) : seen(joined) {}

  // Takes no part in changes: its state is old drift, or somebody acknowledged it.
  bool exempt() const {
    const StateRef& state = seen.state();
    return state && (state == old_drift || state == acknowledged);
  }

  // Its first known state, which it was found in: at the first complete round, or unknown then.
  bool just_found(bool first_round) const {
    return seen.state() && !judged && (first_round || unknown_at_first);
  }

  Sighting seen;
  StateRef judged;        // the last known state that the rules have dealt with
  StateRef old_drift;     // what it was bound to as preexisting
  StateRef acknowledged;  // the state that an acknowledgement covered
  bool initial = false;   // `judged` is what it was found in, not what it moved to or was born in
  bool unknown_at_first = false;  // at the first complete round; its first state is still old
  bool forgotten = false;         // history could not keep what it was judged in: no move, no birth
  std::optional<Wall> since;      // first seen outside the canonical
  std::uint32_t counted = 0;      // the change that its convergence was counted for
  std::uint32_t arrived = 0;      // the change whose target it was seen to reach
};

// A node's seat in a group of nodes that are compared with each other.
struct Seat {
  const std::string* node = nullptr;
  Slot* slot = nullptr;
  bool serving = true;
  Mono joined{};  // the inventory
};

}  // namespace mse
