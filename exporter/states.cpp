// Interning of states, and the differences between two.
#include "exporter/states.h"

#include <charconv>
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
  StateRef& held = states_[state.key];
  if (!held) held = std::make_shared<const State>(std::move(state));
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
  if (one.key == absent || other.key == absent) return {};
  std::vector<std::string> keys;
  auto a = one.parts.begin();
  auto b = other.parts.begin();
  while (a != one.parts.end() || b != other.parts.end()) {
    const bool only_a = b == other.parts.end() || (a != one.parts.end() && a->first < b->first);
    const bool only_b = !only_a && (a == one.parts.end() || b->first < a->first);
    if (only_a || only_b || a->second != b->second) keys.push_back(only_b ? b->first : a->first);
    if (!only_b) ++a;
    if (!only_a) ++b;
  }
  return keys;
}

}  // namespace mse
