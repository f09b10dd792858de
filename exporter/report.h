// What a collector says of a node after one poll: the interface between knowing a system and
// comparing states.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "exporter/model.h"

namespace mse {

// What a poll reads: deep also what is heavy (settings, catalogue, access lists).
enum class Depth { narrow, deep };

enum class Role { none, primary, replica };

// Bytes written (primary) or applied (replica) of a history (timeline, replid, GTID domain).
// Positions of different histories do not compare.
struct Position {
  std::string history;
  std::uint64_t bytes = 0;
};

// One dimension's part of a poll. A replicated one (it travels with the data) carries the position
// at which it was read, so that lag can be told from drift.
struct Reading {
  std::variant<Unknown, Absent, State> outcome;
  bool replicated = false;
  std::optional<Position> position;
  // The answer of an authorization probe: each poll counts as match, drift or error.
  bool probe = false;
};

// Whom a node is, taken in the same statement as the data.
struct Identity {
  Role role = Role::none;
  std::string
      group;  // nodes with equal, non-empty group are one replication group (identity + database)
  std::string server;   // one per server process; two primaries are two servers of one group
  std::string history;  // as in Position; differs in a group: diverged history
  // Where the group is named anew at each failover: its name before the last one. Nodes that share
  // either are one group.
  std::string former_group = {};
};

// What is only shown, not compared.
struct Migrations {
  bool dirty = false;                         // a failed or half-applied migration
  std::optional<Duration> locked;             // how long the tool's lock has been held
  std::map<std::string, int> online_changes;  // "tool/phase" → count
};

// What a node says of those that replicate from it; only shown, lag is judged by positions. At most
// 64 of each.
struct Downstreams {
  struct Replica {
    std::string name;  // application_name
    std::optional<Duration> write_lag, flush_lag, replay_lag;
  };
  struct Slot {
    std::string name;
    bool active = false;
    std::optional<std::uint64_t> retained_bytes;
  };
  std::vector<Replica> replicas;
  std::vector<Slot> slots;
};

// What a node, or a job table or page read through it, tells of M3 to M5 and M8: counts that only
// grow but for a reset, and present standings. Never compared. What is left out is not known. At
// most 64 kinds and 64 streams.
struct Measures {
  struct Reconciliation {
    std::optional<std::uint64_t> succeeded, failed, processed_items;
    std::optional<std::uint64_t> pending_items, mismatched_items;
    std::optional<Duration> last_duration, oldest_pending;
    std::optional<Wall> last_success;
  };
  struct Stream {
    std::optional<std::uint64_t> events, duplicates;
  };
  // Counted anew each time from rows that may go or change: a count that falls was not reset.
  bool of_rows = false;
  std::map<std::string, Reconciliation> reconciliations;  // by kind of job
  std::map<std::string, Stream> streams;
  // Of documents, those that are valid, or all of them, and those that are not.
  std::optional<std::uint64_t> valid_schemas, schema_validations, schema_errors;
  std::optional<std::uint64_t> allowed, denied;  // authorization decisions
};

// A member that a primary names as its replica: a candidate for the inventory.
struct Peer {
  std::string name, address;  // the name is the address where it has no better
};

// One poll of one collector on one node. Dimensions it did not read this time are left out; those
// it tried and could not are Unknown with a reason.
struct Report {
  std::optional<Identity> identity;
  std::map<std::string, Reading> dimensions;
  std::optional<std::uint64_t>
      requests;  // the node's cumulative traffic, our own commands subtracted
  std::optional<Migrations> migrations;
  std::optional<int> pending_restart;  // settings that were changed and wait for the node's restart
  std::optional<Downstreams> downstreams;
  std::optional<Measures> measures;
  // Cumulative traffic of other nodes, by their name, as an edge or proxy counts it.
  std::map<std::string, std::uint64_t> requests_of;
  std::optional<std::vector<Peer>> peers;  // of a primary; at most 64
};

// The dimensions of a report that could not be read, joined by commas, by their reason; those that
// the node does not support are no failure.
std::map<Reason, std::string> unread_dimensions(const Report& report);

// One replica's or primary's part of a coordinated position round.
struct PositionReading {
  Identity identity;
  Position position;
  std::optional<bool> link_up;  // of a replica, when it can tell
  Mono at{};
};

}  // namespace mse
