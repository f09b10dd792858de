// Counting nodes by state.
#include "exporter/census.h"

namespace mse {

void Census::count(const StateRef& state, bool serving, bool confirmed) {
  ++members_;
  if (serving) ++serving_;
  if (!state) return;
  const auto [place, added] = index_.try_emplace(state.get(), states_.size());
  if (added) states_.push_back(Tally{state});
  Tally& tally = states_[place->second];
  ++tally.nodes;
  if (serving) ++tally.serving;
  if (serving && confirmed) ++tally.confirmed;
}

void Census::count_primary(const StateRef& state, bool contested) {
  if (has_primary_ && state != primary_state_) primaries_agree_ = false;
  has_primary_ = true;
  primary_state_ = state;
  two_primaries_ = two_primaries_ || contested;
}

const Tally* Census::find(const StateRef& state) const {
  const auto found = index_.find(state.get());
  return found == index_.end() ? nullptr : &states_[found->second];
}

StateRef Census::commonest_but(const StateRef& other) const {
  const Tally* best = nullptr;
  for (const Tally& tally : states_) {
    if (tally.state != other && (best == nullptr || tally.nodes > best->nodes)) best = &tally;
  }
  return best == nullptr ? nullptr : best->state;
}

void Goal::resolve(const Census& census) {
  if (word_.empty()) return;
  const Tally* present = state_ ? census.find(state_) : nullptr;
  int most = present == nullptr ? 0 : present->nodes;
  for (const Tally& tally : census.states()) {
    if (tally.nodes <= most || !word_.names(*tally.state)) continue;
    most = tally.nodes;
    state_ = tally.state;
  }
}

bool Goal::admits(const StateRef& state) const {
  return state && (state == state_ || word_.names(*state));
}

bool Goal::same_as(const Goal& other) const {
  if (state_ && state_ == other.state_) return true;
  return !word_.empty() && word_.text() == other.word_.text();
}

}  // namespace mse
