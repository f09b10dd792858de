// The nodes of one group counted by state, and states that are named before anybody holds them.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/states.h"

namespace mse {

// How many nodes hold a state.
struct Tally {
  StateRef state;
  int nodes = 0;
  int serving = 0;    // of them
  int confirmed = 0;  // of the serving: in two consecutive equal polls
};

// One group of nodes at one instant.
class Census {
 public:
  // A node, with its state; null when unknown.
  void count(const StateRef& state, bool serving, bool confirmed);

  // A node that is primary and readable. `contested`: another server of its replication group is
  // primary, too.
  void count_primary(const StateRef& state, bool contested);

  int members() const { return members_; }
  int serving() const { return serving_; }
  const std::vector<Tally>& states() const { return states_; }  // in the order first counted
  const Tally* find(const StateRef& state) const;

  // The commonest state that is not `other`; the first counted of several. Null when none is.
  StateRef commonest_but(const StateRef& other) const;

  bool has_primary() const { return has_primary_; }
  bool two_primaries() const { return two_primaries_; }
  // What the primary holds; null when unknown, or when primaries of several groups disagree.
  StateRef primary_state() const { return primaries_agree_ ? primary_state_ : nullptr; }

 private:
  int members_ = 0, serving_ = 0;
  std::vector<Tally> states_;
  std::unordered_map<const State*, std::size_t> index_;
  bool has_primary_ = false, two_primaries_ = false, primaries_agree_ = true;
  StateRef primary_state_;
};

// A state somebody wants: known as such, or a word that turns into a state when a node shows one.
class Goal {
 public:
  Goal() = default;
  explicit Goal(StateRef state) : state_(std::move(state)) {}
  explicit Goal(StateWord word, StateRef state = nullptr)
      : word_(std::move(word)), state_(std::move(state)) {}

  // Of several states that the word names the commonest is meant; the present one when there is no
  // more common one, and when no node shows any.
  void resolve(const Census& census);

  const StateRef& state() const { return state_; }  // null: not shown by any node yet
  const StateWord& word() const { return word_; }
  std::string text() const { return state_ ? state_->text : word_.text(); }
  bool empty() const { return !state_ && word_.empty(); }

  // Whether `state` is it, or may be by its name.
  bool admits(const StateRef& state) const;

  // The same word, or the same state.
  bool same_as(const Goal& other) const;

 private:
  StateWord word_;
  StateRef state_;
};

}  // namespace mse
