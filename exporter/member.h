// A node of a service and all that is remembered of it between evaluations.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "exporter/exposure.h"
#include "exporter/lag.h"
#include "exporter/report.h"

namespace mse {

// What one collector last said of a node beside its dimensions.
struct CollectorSide {
  bool up = false;
  std::optional<Migrations> migrations;
  std::optional<Downstreams> downstreams;
};

// First what every dimension asks of every node, together: in a large fleet each visit misses the
// caches.
struct Member {
  std::size_t place = 0;     // of its slot in every dimension; another's once it has gone
  std::uint64_t serial = 0;  // never another's
  Mono joined{};
  bool ephemeral = false;  // discovered
  bool in_grace = false;
  NodeSettings settings;
  std::map<std::string, CollectorSide> collectors;
  std::optional<Identity> identity;  // the last one told
  std::string identified_by;         // the collector that told it
  bool identified = false;           // and it can still be read
  bool answered = false;             // some poll gave a report
  // Settings that wait for its restart, as last told: that it cannot be read ends no wait.
  std::optional<int> pending_restart;
  int replication_group = -1;  // index in ReplicationGroups; −1: in none
  std::optional<PositionReading> position;
  Lag lag;                              // at `position`
  std::optional<Position> reread_from;  // read again once it has applied this
  Traffic traffic;

  Role role() const { return identity ? identity->role : Role::none; }
  bool live_primary() const { return identified && role() == Role::primary; }
  bool serves() const { return settings.serving && !in_grace; }
};

}  // namespace mse
