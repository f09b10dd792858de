// Which state a group of nodes should have: the three policies and their edges (semantics 4).
#pragma once

#include <optional>
#include <string>

#include "exporter/census.h"
#include "exporter/config.h"

namespace mse {

// How long a declared source's last value stands while the source cannot be read.
inline constexpr Duration kDeclaredKept = std::chrono::minutes(10);

// The canonical state of a group, or why there is none. Without a state and without a reason: a
// declared text that no node has shown yet.
struct Found {
  StateRef state;
  std::string text;
  std::optional<NoCanonical> missing;
};

// The memory of one group's canonical state. Pure: the time is told.
class Canonical {
 public:
  struct Rules {
    PolicyKind policy = PolicyKind::majority;
    Duration keep = std::chrono::minutes(10);  // the last primary's state, while there is none
    bool frozen = false;                       // nodes are in grace: nothing moves by itself
    bool first = false;  // the first complete round: a majority needs no second poll
  };

  // What the policy finds now.
  Found decide(const Census& census, const Rules& rules, Mono now);

  // A closed change left this state behind: it stays until the policy finds another by itself.
  void hold(const StateRef& state, Mono now);

  // What the declared source says.
  void declare(const StateWord& word);
  void source_unreachable(Mono now);
  const StateWord& declared() const { return word_; }

  // The last canonical found, and when it last had a primary.
  const StateRef& held() const { return held_; }
  Mono primary_seen() const { return primary_seen_; }

 private:
  Found primary(const Census& census, const Rules& rules, Mono now);
  Found majority(const Census& census, const Rules& rules);
  Found declared_state(const Census& census, Mono now);
  Found held_or(NoCanonical missing) const;

  StateRef held_;        // the last canonical that primary or majority found, or a change left
  Mono primary_seen_{};  // until when `held_` had a primary
  StateWord word_;
  Goal goal_;                        // what `word_` means
  std::optional<Mono> unreachable_;  // the declared source, since
};

}  // namespace mse
