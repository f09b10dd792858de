// The spellings of the closed lists, as labels, logs and pages show them.
#include "exporter/model.h"

#include <array>

namespace mse {
namespace {

constexpr std::array<std::string_view, 4> kStatusNames{"canonical", "transition", "unknown",
                                                       "divergent"};
constexpr std::array<std::string_view, 18> kReasonNames{"refused",
                                                        "unreachable",
                                                        "dns",
                                                        "tls",
                                                        "auth",
                                                        "deadline",
                                                        "reset",
                                                        "protocol",
                                                        "too_large",
                                                        "permission",
                                                        "lock",
                                                        "in_recovery",
                                                        "identity_changed",
                                                        "partial",
                                                        "stale",
                                                        "unsupported",
                                                        "overload",
                                                        "internal"};
constexpr std::array<std::string_view, 5> kNoCanonicalNames{
    "no_majority", "no_primary", "two_primaries", "source_unreachable", "no_nodes"};

}  // namespace

std::string_view name(Status status) {
  return kStatusNames.at(static_cast<std::size_t>(status));
}
std::string_view name(Reason reason) {
  return kReasonNames.at(static_cast<std::size_t>(reason));
}
std::string_view name(NoCanonical reason) {
  return kNoCanonicalNames.at(static_cast<std::size_t>(reason));
}

std::optional<StateKey> key_of(const Observation& observation) {
  if (std::holds_alternative<Unknown>(observation.outcome)) return std::nullopt;
  if (const auto* state = std::get_if<State>(&observation.outcome)) return state->key;
  return StateKey{};
}

}  // namespace mse
