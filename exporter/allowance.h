// Permissions for states that are not canonical: the only way to `transition` (semantics 5).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "exporter/change.h"
#include "exporter/snapshot.h"

namespace mse {

// Why a node may be in a state that is not canonical.
struct Allowance {
  AllowanceSource source = AllowanceSource::change;
  std::string why, who;
  std::optional<Wall> until{};  // of a change or an acknowledgement
};

// States of one dimension that are valid side by side: the `compatible` lists of the config.
class Compatible {
 public:
  Compatible() = default;
  explicit Compatible(const std::vector<std::vector<std::string>>& lists);

  bool empty() const { return lists_.empty(); }
  // Listed together, or equal.
  bool together(const State& one, const State& other) const;
  // Every two of `states` are. Linear in the states, but for the few that are listed.
  bool all_together(const std::vector<StateRef>& states) const;

 private:
  bool listed(const State& state) const;

  std::vector<std::vector<StateWord>> lists_;
};

// An acknowledgement whose states are parsed.
class Acknowledged {
 public:
  explicit Acknowledged(const Acknowledgement& settings);

  // It is not over, and covers this node in this state: `keys` are those that differ from the
  // canonical, which must all be among the acknowledged ones, if keys are.
  bool covers(const std::string& node, const State& state, const KeyList& keys, Wall now) const;
  const Acknowledgement& settings() const { return settings_; }

 private:
  Acknowledgement settings_;
  std::vector<StateWord> states_;
};

// A node in a state that is not the canonical one.
struct Case {
  const std::string& node;
  const StateRef& state;
  const Found& canonical;
  const KeyList& differing;
  bool lag = false;  // the difference is lag, by is_lag()
};

// All that may allow a state in one group of a dimension now.
struct Permissions {
  Now now;
  bool access_policy = false;              // never under maintenance or a declared change
  const Change* change = nullptr;          // the open one
  std::optional<std::string> maintenance;  // why, while a window is open
  const Compatible* compatible = nullptr;
  const std::vector<Acknowledged>* acknowledged = nullptr;
};

// The first permission, in the order of AllowanceSource, that covers the case.
std::optional<Allowance> allowance(const Case& node, const Permissions& permissions);

}  // namespace mse
