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

struct Member {
  NodeSettings settings;
  bool ephemeral = false;  // discovered
  bool in_grace = false;
  Mono joined{};
  std::map<std::string, CollectorSide> collectors;
  std::optional<Identity> identity;  // the last one told
  std::string identified_by;         // the collector that told it
  bool identified = false;           // and it can still be read
  bool answered = false;             // some poll gave a report
  int replication_group = -1;        // index in ReplicationGroups; −1: in none
  std::optional<PositionReading> position;
  Lag lag;                              // at `position`
  std::optional<Position> reread_from;  // read again once it has applied this
  Traffic traffic;
  std::size_t place = 0;     // of its slot in every dimension; another's once it has gone
  std::uint64_t serial = 0;  // never another's

  Role role() const { return identity ? identity->role : Role::none; }
  bool live_primary() const { return identified && role() == Role::primary; }
  bool serves() const { return settings.serving && !in_grace; }
};

}  // namespace mse
