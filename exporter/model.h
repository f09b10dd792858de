// The glossary as plain structs: each word of the product, once, with its one meaning.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace mse {

// Durations are measured on Mono; Wall is only shown, stored and compared with what people
// declared.
using Mono = std::chrono::steady_clock::time_point;
using Wall = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;

// One instant on both clocks: what every call that needs the time is told.
struct Now {
  Mono mono{};
  Wall wall{};
};

// A node's standing in a dimension. The numbers are those of the metric node_status: max is worst.
enum class Status { canonical = 0, transition = 1, unknown = 2, divergent = 3 };

// Why a node could not be read. Closed: free text goes to the log, never to a label.
enum class Reason {
  refused,
  unreachable,
  dns,
  tls,
  auth,
  deadline,
  reset,
  protocol,
  too_large,
  permission,
  lock,
  in_recovery,
  identity_changed,
  partial,
  stale,
  unsupported,
  overload,
  internal,
};

// Why a dimension has no canonical state.
enum class NoCanonical { no_majority, no_primary, two_primaries, source_unreachable, no_nodes };

// Every value of a closed list that begins at 0 and ends at `last`, in order.
template <typename Enum, Enum last>
constexpr auto every() {
  std::array<Enum, static_cast<std::size_t>(last) + 1> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<Enum>(i);
  return values;
}

inline constexpr auto kStatuses = every<Status, Status::divergent>();
inline constexpr auto kReasons = every<Reason, Reason::internal>();

std::string_view name(Status status);
std::string_view name(Reason reason);
std::string_view name(NoCanonical reason);

// What makes two states the same. The fingerprint (48 bits) excludes secrets and may be published;
// the secret digest is keyed, never leaves the process and is compared only inside it.
struct StateKey {
  std::uint64_t fingerprint = 0;
  std::string secret_digest;

  friend auto operator<=>(const StateKey&, const StateKey&) = default;
};

// A node's normalised value in a dimension.
struct State {
  StateKey key;
  std::string text;                          // short, for people: "41", "15.4"
  std::map<std::string, std::string> parts;  // part → digest, so that differing keys can be named
  bool remembered = false;  // from an earlier run, and not read since: parts are not known
};

// The dimension does not exist on this node (no migration table, say): a state of its own.
struct Absent {
  friend auto operator<=>(const Absent&, const Absent&) = default;
};

// Nothing can be said of the node in this dimension.
struct Unknown {
  Reason reason = Reason::internal;
};

// One poll's outcome for a node and a dimension.
struct Observation {
  std::variant<Unknown, Absent, State> outcome;
  Mono at{};  // when the poll that read it ended

  bool known() const { return !std::holds_alternative<Unknown>(outcome); }
};

// The key under which an outcome is compared; nothing when unknown. Absent compares as fingerprint
// 0, which no state has.
std::optional<StateKey> key_of(const Observation& observation);

}  // namespace mse
