// What is remembered of services as rows: one a service, node in it, dimension, group and node of a
// dimension, so that little is written when little has changed.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/remembered.h"

namespace mse {

using Histories = std::map<std::string, Remembered>;  // by service

struct RowKey {
  std::string service, dimension, kind, name;

  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

// A change that ended, to be kept for longer than the rules remember it.
struct ClosedRow {
  RowKey group;
  std::uint32_t serial = 0;
  Wall closed{};
  std::string value;
};

struct RowChanges {
  std::map<RowKey, std::optional<std::string>> rows;  // nothing: to be deleted
  std::vector<ClosedRow> closed;

  bool empty() const { return rows.empty() && closed.empty(); }
};

// What makes `before` in a store `now`. That time has passed is no change of its own until a
// service was stored `heartbeat` ago.
RowChanges row_changes(const Histories& before, const Histories& now, Duration heartbeat);

// One row into `out`. False: it is none of ours, or damaged.
bool take_row(const RowKey& key, const std::string& value, Histories& out);

}  // namespace mse
