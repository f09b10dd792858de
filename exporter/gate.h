// May the rollout go on? The answer to a pipeline, by the rules of semantics 9: the first that
// matches wins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/snapshot.h"

namespace mse {

// The numbers are those of the metric gate_verdict.
enum class Verdict { go = 0, unknown = 1, hold = 2, rollback = 3 };

// Why it is not `go`. Closed: the label of gate_reason_info.
enum class GateCode {
  stale,                // unknown: the snapshot is too old
  first_round,          // unknown: a node was not polled yet, also in a dimension that is new
  no_nodes,             // unknown
  nothing_compared,     // unknown: no dimension is, or every node answered `unsupported` to all
  unknown_dimension,    // unknown: the caller names one that the service does not have
  no_canonical,         // unknown
  unknown_nodes,        // unknown: more than tolerated
  exposure_burn,        // rollback: over 4 × budget for 15 minutes
  incompatible,         // rollback: two live states that do not go together
  manual_hold,          // hold
  access_policy_drift,  // hold
  change_overdue,       // hold: another's
  divergent_nodes,      // hold
};

std::string_view name(Verdict verdict);
std::string_view name(GateCode code);
inline constexpr auto kVerdicts = every<Verdict, Verdict::rollback>();
inline constexpr auto kGateCodes = every<GateCode, GateCode::divergent_nodes>();

// Nodes that a reason names; it counts the others.
inline constexpr std::size_t kNamedNodes = 5;

struct GateReason {
  GateCode code{};
  std::string dimension;           // empty: the whole service
  std::vector<std::string> nodes;  // the first kNamedNodes
  int count = 0;                   // of all of them
  std::optional<Wall> since;
  std::string what, clears;  // a sentence each: what is the matter, what would end it
};

// Who asks. A target is a state's short text or decimal fingerprint, in `dimension`; without one
// in every dimension but access_policy.
struct GateQuestion {
  std::string deploy_id, target, dimension;
};

// How old the snapshot is when asked.
struct Freshness {
  Duration age{};
  Duration stale_after = std::chrono::seconds(60);
};

struct GateAnswer {
  Verdict verdict = Verdict::unknown;
  std::vector<GateReason> reasons;  // those of the verdict; none of `go`
  std::optional<Duration> age;      // of the data; nothing: there are none
  Duration retry_after{};           // when asking again may tell another; 0 of `go`
  std::optional<double> exposure;   // unplanned, of the last 5 minutes
  std::optional<Duration> lag;      // the longest of the replicas
  std::optional<double> converged;  // of the caller's oldest open change
};

// Pure. What holds where semantics 9 leaves a choice:
// - Dimensions that are not enforced, or that every node answered with `unsupported`, do not count.
// - A change is the caller's by its deploy id, or, where one side has none, by its target.
// - 4 × budget is at most 0.9, as in the rules for Prometheus: the exposure of a large budget can
//   be exceeded, too. The 15 minutes begin when a node reached the target.
// - Who moves to the target of an overdue change, or back to its from-state, is let through.
// - The deploy that repairs is let through: its target is canonical, and all that diverges is at
//   the target of an undeclared change away from it.
// - Drift of access_policy holds all but a deploy that names this dimension, or whose declared
//   change is in it; of such a deploy it asks what it asks of other dimensions.
GateAnswer gate(const ServiceView& service, const GateQuestion& question,
                const Freshness& freshness);

// Of a service in `snapshot`, at `now`; nothing: there is no such service.
std::optional<GateAnswer> gate(const Snapshot& snapshot, std::string_view service,
                               const GateQuestion& question, Mono now);

// Before there is any snapshot.
GateAnswer gate_without_snapshot();

// The caller that gate_verdict is the answer to: the one whose deploy is the oldest open declared
// change; without one, somebody who names nothing.
GateQuestion oldest_caller(const ServiceView& service);

}  // namespace mse
