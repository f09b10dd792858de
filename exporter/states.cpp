// Interning of states, and the differences between two.
#include "exporter/states.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

namespace mse {
namespace {

std::optional<std::uint64_t> decimal(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || value == 0) return std::nullopt;
  return value;
}

}  // namespace

StateRef StateTable::intern(State state) {
  std::shared_ptr<State>& held = states_[state.key];
  if (!held) {
    held = std::make_shared<State>(std::move(state));
  } else if (held->remembered && !(state.remembered && state.text.empty())) {
    *held = std::move(state);
  }
  return held;
}

StateRef StateTable::absent() {
  return intern(State{StateKey{}, "absent", {}});
}

void StateTable::forget_unused() {
  std::erase_if(states_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

StateWord::StateWord(std::string text) : text_(std::move(text)), fingerprint_(decimal(text_)) {}

bool StateWord::names(const State& state) const {
  if (empty()) return false;
  return state.text == text_ || (fingerprint_ && state.key.fingerprint == *fingerprint_);
}

KeyList differing_keys(const State& one, const State& other) {
  const StateKey absent{};
  if (one.key == absent || other.key == absent || one.remembered || other.remembered) return {};
  std::vector<std::pair<std::string, std::string>> changed;  // both sides of each
  std::set_symmetric_difference(one.parts.begin(), one.parts.end(), other.parts.begin(),
                                other.parts.end(), std::back_inserter(changed));
  std::vector<std::string> keys;
  for (auto& [key, digest] : changed) {
    if (keys.empty() || keys.back() != key) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace mse
