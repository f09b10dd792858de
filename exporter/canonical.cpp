// The policies primary, majority and declared.
#include "exporter/canonical.h"

namespace mse {
namespace {

Found found(const StateRef& state) {
  return Found{state, state->text, std::nullopt};
}

Found none(NoCanonical why) {
  return Found{nullptr, "", why};
}

}  // namespace

Found Canonical::decide(const Census& census, const Rules& rules, Mono now) {
  if (rules.policy == PolicyKind::declared) return declared_state(census, now);
  if (census.members() == 0 || (rules.frozen && held_)) {
    primary_seen_ = now;
    return held_or(NoCanonical::no_nodes);
  }
  return rules.policy == PolicyKind::primary ? primary(census, rules, now)
                                             : majority(census, rules);
}

Found Canonical::primary(const Census& census, const Rules& rules, Mono now) {
  if (census.two_primaries()) return none(NoCanonical::two_primaries);
  if (const StateRef state = census.primary_state()) {
    held_ = state;
    primary_seen_ = now;
    return found(held_);
  }
  if (now - primary_seen_ > rules.keep) return none(NoCanonical::no_primary);
  return held_or(NoCanonical::no_primary);
}

Found Canonical::majority(const Census& census, const Rules& rules) {
  for (const Tally& tally : census.states()) {
    const int votes = rules.first ? tally.serving : tally.confirmed;
    if (2 * votes > census.serving()) held_ = tally.state;
  }
  return held_or(NoCanonical::no_majority);
}

Found Canonical::declared_state(const Census& census, Mono now) {
  const bool lost = unreachable_ && now - *unreachable_ > kDeclaredKept;
  if (word_.empty() || lost) return none(NoCanonical::source_unreachable);
  goal_.resolve(census);
  return Found{goal_.state(), goal_.text(), std::nullopt};
}

Found Canonical::held_or(NoCanonical missing) const {
  return held_ ? found(held_) : none(missing);
}

void Canonical::hold(const StateRef& state, Mono now) {
  if (!state) return;
  held_ = state;
  primary_seen_ = now;
}

void Canonical::declare(const StateWord& word) {
  unreachable_.reset();
  if (word.text() == word_.text()) return;
  word_ = word;
  goal_ = Goal(word);
}

void Canonical::source_unreachable(Mono now) {
  if (!unreachable_) unreachable_ = now;
}

}  // namespace mse
