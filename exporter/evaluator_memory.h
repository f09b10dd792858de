// The memory behind an Evaluator.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/burn.h"
#include "exporter/dimension.h"
#include "exporter/evaluator.h"
#include "exporter/inventory.h"
#include "exporter/measures.h"
#include "exporter/replication.h"

namespace mse {

// The dimensions that a collector reads.
struct Expected {
  std::vector<std::string> dimensions;
  std::set<std::string> deep;
};

// A node whose replicated state moved.
struct Moved {
  std::string node;
  std::optional<Position> primary_at;  // where the primary then was; nothing of a replica
};

struct Evaluator::Memory {
  void configure(ServiceSettings next, Cadences next_cadences);
  void sync();
  std::unique_ptr<Member> join(const std::string& name);
  void update(Member& member, const Inventory::Member& entry, const std::set<std::string>& fixed);
  Member* find(const std::string& node);
  Dimension& dimension(const std::string& name);
  void compare();
  void identify(Member& member, const std::string& collector, const Identity& identity);
  const ReplicationGroups& groups();
  void hurry(const Moved& moved);
  void count(Member& member, const std::string& collector, const Report& report, Mono now);
  bool ready();
  bool all_complete() const;
  bool all_polled() const;
  bool all_told() const;
  void open_changes(const World& world, const std::vector<Dimension*>& active);
  std::vector<Dimension*> active();
  ServiceView assemble(const World& world, const std::vector<Dimension*>& active);
  void settle_exposure(ServiceView& view, Mono now);

  ServiceSettings settings;
  Cadences cadences;
  Inventory inventory;
  std::unordered_map<std::string, std::unique_ptr<Member>> nodes;
  std::vector<Member*> all, members;  // with and without those in grace
  std::vector<std::size_t> free_places;
  std::size_t places = 0;
  std::uint64_t last_serial = 0, members_version = 0;
  std::map<std::string, Expected> expected;
  std::map<std::string, std::unique_ptr<Dimension>> dimensions;  // also what was only declared yet
  std::map<std::string, Dimension*> compared;
  ReplicationGroups replication;
  bool groups_stale = true;
  LagRounds lag;
  Exposure exposure;
  BurnMemory burn;
  MeasureBook measures;
  std::optional<OpenMaintenance> maintenance;
  std::vector<Moved> moved;
  std::set<std::string> reread;
  bool begun = false;
  Mono clock{};  // the newest time told
  Storing clocks;
  std::optional<Remembered> restored;  // until the first complete round
  std::map<std::string, Mono> joined;  // of its nodes
};

}  // namespace mse
