// What of a service must survive a restart, as plain values: what history stores and gives back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/declaration.h"
#include "exporter/snapshot.h"

namespace mse {

// All instants are wall-clock times, for Mono begins anew with each boot. Counters are left out:
// Prometheus knows resets.

// A state by its fingerprint. Of secrets only that there were any: their digests are keyed anew in
// each process and never stored, so a state that had any equals none that is read later.
struct RememberedState {
  std::uint64_t fingerprint = 0;
  bool secret = false;
  std::string text;  // empty in a node's marks, which need none

  friend bool operator==(const RememberedState&, const RememberedState&) = default;
};

struct RememberedGoal {
  std::string word;
  std::optional<RememberedState> state;

  friend bool operator==(const RememberedGoal&, const RememberedGoal&) = default;
};

struct RememberedChange {
  std::uint32_t serial = 0;
  bool declared = false;
  std::string deploy_id;
  RememberedGoal from, to;
  Wall started{}, deadline{};
  std::set<std::string> canary;
  bool reached = false, late_counted = false, suspect = false;
  std::string first_node;
  Wall first_at{};
  std::vector<Duration> arrivals;
  std::optional<Outcome> outcome;
  Wall closed{};
  double ratio = 0;
  std::optional<Duration> p95;

  friend bool operator==(const RememberedChange&, const RememberedChange&) = default;
};

// A move that opens a change once it is confirmed.
struct RememberedCandidate {
  RememberedState target;
  std::optional<RememberedState> from;
  Wall started{};
  std::uint64_t moves = 0;

  friend bool operator==(const RememberedCandidate&, const RememberedCandidate&) = default;
};

// What a group of compare_within had: the canonical, and its changes.
struct RememberedGroup {
  std::optional<RememberedState> held, found;
  std::string text;  // of the canonical, also where no state is known
  std::optional<NoCanonical> missing;
  std::optional<Wall> primary_seen;  // nothing: there was one
  bool had_primary = false, missing_since_first = false;
  std::optional<RememberedChange> open, last;
  std::vector<RememberedCandidate> candidates;

  friend bool operator==(const RememberedGroup&, const RememberedGroup&) = default;
};

// A node's marks in a dimension.
struct RememberedNode {
  std::optional<RememberedState> judged, old_drift, acknowledged;
  bool initial = false, unknown_at_first = false;
  std::optional<Wall> unknown_since;  // nothing: its state was known
  std::optional<Wall> since;
  std::uint32_t counted = 0, arrived = 0;

  friend bool operator==(const RememberedNode&, const RememberedNode&) = default;
};

struct RememberedTold {
  Declaration declaration;
  Wall at{};

  friend bool operator==(const RememberedTold&, const RememberedTold&) = default;
};

struct RememberedOrder {
  RememberedGoal to, from;
  std::string deploy_id;
  Wall started{}, deadline{};
  std::set<std::string> canary;

  friend bool operator==(const RememberedOrder&, const RememberedOrder&) = default;
};

// Of a dimension as a whole, without groups and nodes.
struct RememberedWords {
  bool begun = false, ever_state = false;
  std::string source;  // what the declared source said last
  std::optional<Wall> source_lost;
  std::vector<Declaration> told_before;
  std::vector<RememberedTold> told;
  std::optional<RememberedOrder> standing;
  std::string leader;  // of the change that this dimension is to follow
  Declaration following;
  std::uint32_t last_serial = 0;
  std::optional<Duration> last_p95;

  friend bool operator==(const RememberedWords&, const RememberedWords&) = default;
};

struct RememberedDimension {
  RememberedWords words;
  std::map<std::string, RememberedGroup> groups;
  std::map<std::string, RememberedNode> nodes;

  friend bool operator==(const RememberedDimension&, const RememberedDimension&) = default;
};

// What was announced over HTTP: as it was sent, by whom and when, and what became of it here.
struct RememberedAnnouncement {
  std::uint32_t kind = 0;  // an AnnouncementKind
  std::string content, by;
  Wall at{};
  std::optional<Wall> closed;
  bool abandoned = false;
  std::string back_to;
  std::optional<Outcome> outcome;
  std::optional<Wall> ended;

  friend bool operator==(const RememberedAnnouncement&, const RememberedAnnouncement&) = default;
};

// One service. `at` is when it was remembered: a clock that shows less at the next start stepped.
struct Remembered {
  Wall at{};
  std::map<std::string, Wall> joined;  // nodes, since when in the inventory
  std::map<std::string, RememberedDimension> dimensions;
  std::map<std::string, RememberedAnnouncement> announced;  // by id

  friend bool operator==(const Remembered&, const Remembered&) = default;
};

}  // namespace mse
