// All that is known at one instant: the immutable result of one evaluation, which metrics, page and
// gate read.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config.h"
#include "exporter/histogram.h"
#include "exporter/lag.h"
#include "exporter/measures_view.h"
#include "exporter/model.h"
#include "exporter/report.h"

namespace mse {

enum class AllowanceSource { change, maintenance, lag, compatible, acknowledged };
enum class Outcome { converged, rolled_back, superseded, expired };
enum class Direction { forward, backward, lateral };
enum class StateRole { target, previous, other };

std::string_view name(AllowanceSource source);
std::string_view name(Outcome outcome);
std::string_view name(Direction direction);
std::string_view name(StateRole role);
std::string_view name(Role role);  // none is empty

inline constexpr auto kAllowanceSources = every<AllowanceSource, AllowanceSource::acknowledged>();
inline constexpr auto kOutcomes = every<Outcome, Outcome::expired>();
inline constexpr auto kDirections = every<Direction, Direction::lateral>();

template <typename T>
using PerStatus = std::array<T, 4>;  // indexed by Status

// The names of the parts in which a state differs from the canonical, sorted: one list, shared by
// all nodes and snapshots that show the same pair of states.
class KeyList {
 public:
  KeyList() = default;
  // Implicit both ways: it is a vector, but shared.
  KeyList(std::vector<std::string> keys)
      : keys_(std::make_shared<const std::vector<std::string>>(std::move(keys))) {}
  KeyList(std::initializer_list<std::string> keys) : KeyList(std::vector<std::string>(keys)) {}
  operator const std::vector<std::string>&() const { return list(); }

  const std::vector<std::string>& list() const {
    static const std::vector<std::string> none;
    return keys_ ? *keys_ : none;
  }
  std::size_t size() const { return list().size(); }
  bool empty() const { return list().empty(); }
  auto begin() const { return list().begin(); }
  auto end() const { return list().end(); }

 private:
  std::shared_ptr<const std::vector<std::string>> keys_;
};

// A text that is held once, however many nodes and snapshots show it.
class SharedText {
 public:
  SharedText() = default;
  // Implicit both ways: it is a string, but shared.
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}
  operator const std::string&() const { return str(); }

  const std::string& str() const {
    static const std::string none;
    return text_ ? *text_ : none;
  }
  bool empty() const { return str().empty(); }
  friend bool operator==(const SharedText& one, std::string_view other) {
    return one.str() == other;
  }

 private:
  std::shared_ptr<const std::string> text_;
};

// A node in a dimension. What is long in it is shared: a fleet has many.
struct NodeDimension {
  Status status = Status::unknown;
  std::optional<Reason> reason;              // of unknown
  std::optional<AllowanceSource> allowance;  // of transition
  bool preexisting = false;
  std::shared_ptr<const State> state;  // null: none known; of all nodes in it the same
  std::optional<Wall> since;  // first seen outside the canonical; while divergent or in transition
  KeyList differing_keys;     // against the canonical; empty where the states have no parts
  SharedText allowance_why, allowance_who;
  std::optional<Wall> allowance_until;  // where the allowance itself says so

  const std::string& text() const {  // of the state
    static const std::string none;
    return state ? state->text : none;
  }
};

// A dimension's name, and a node in it. Immutable once it is in a snapshot: nodes of which the same
// is to be said share one row.
using DimensionRow = std::pair<SharedText, NodeDimension>;
using SharedRow = std::shared_ptr<const DimensionRow>;

// A node's dimensions by name: a map, sorted, of rows that other nodes may have too. References
// hold until the next insertion.
class NodeDimensions {
 public:
  using value_type = DimensionRow;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = DimensionRow;
    using difference_type = std::ptrdiff_t;
    using pointer = const DimensionRow*;
    using reference = const DimensionRow&;

    Iterator() = default;
    explicit Iterator(std::vector<SharedRow>::const_iterator at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator& other) const = default;

   private:
    std::vector<SharedRow>::const_iterator at_;
  };
  using const_iterator = Iterator;

  NodeDimensions() = default;
  NodeDimensions(std::initializer_list<value_type> entries) {
    for (const auto& [name, dimension] : entries) (*this)[name] = dimension;
  }

  void reserve(std::size_t count) { rows_.reserve(count); }
  // Its name comes after all there are.
  void append(SharedRow row) { rows_.push_back(std::move(row)); }
  // The node's own from here on, to be written to at once.
  NodeDimension& operator[](const std::string& name) {
    const auto at = place(name);
    const bool known = at != rows_.end() && (*at)->first == name;
    const auto own = known ? std::make_shared<DimensionRow>(**at)
                           : std::make_shared<DimensionRow>(name, NodeDimension{});
    if (known) {
      rows_[static_cast<std::size_t>(at - rows_.begin())] = own;
    } else {
      rows_.insert(at, own);
    }
    return own->second;
  }

  Iterator begin() const { return Iterator(rows_.begin()); }
  Iterator end() const { return Iterator(rows_.end()); }
  Iterator find(std::string_view name) const {
    const auto at = place(name);
    return at != rows_.end() && (*at)->first == name ? Iterator(at) : end();
  }
  bool contains(std::string_view name) const { return find(name) != end(); }
  const NodeDimension& at(std::string_view name) const {
    const auto found = find(name);
    if (found == end()) throw std::out_of_range(std::string(name));
    return found->second;
  }
  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<SharedRow>::const_iterator place(std::string_view name) const {
    return std::find_if(rows_.begin(), rows_.end(),
                        [name](const SharedRow& row) { return row->first.str() >= name; });
  }

  std::vector<SharedRow> rows_;
};

struct NodeView {
  std::string name, region;
  Role role = Role::none;
  bool serving = true, ephemeral = false;
  NodeDimensions dimensions;
  Status exposure = Status::unknown;  // worst over enforced dimensions, as semantics 8 counts it
  std::optional<Lag> lag;             // replicas only
  std::optional<bool> link_up;
  Downstreams downstreams;  // what the node says of its own replicas and slots
};

struct StateNodes {
  StateKey key;
  std::string text;
  StateRole role = StateRole::other;
  int nodes = 0;
  bool secret_variant = false;  // differs from one before it in secrets alone: fingerprint "other"
};

struct CanonicalView {
  std::optional<StateKey> key;
  std::string text;
  std::optional<NoCanonical> missing;
};

struct ChangeView {
  bool declared = false, open = true;
  std::string deploy_id, cause;  // deploy_id "none" when nobody declared it
  std::string from, to;          // short texts
  Wall started{}, deadline{};
  std::optional<Outcome> outcome;   // of a closed one
  double converged_ratio = 0;       // share of the current inventory at the target
  std::optional<Duration> p95;      // of a converged one
  bool overdue = false;             // open past its deadline
  std::optional<Duration> reached;  // how long a node has been at the target
  std::shared_ptr<const State> from_state, to_state;  // null: known by name only
  std::optional<Wall> ended{};                        // of a closed one
  // Of an open one: how many nodes had arrived how long after it started; at most 64, rising.
  std::vector<std::pair<Duration, int>> arrivals{};
};

struct DimensionView {
  Enforce enforce = Enforce::page;
  std::map<std::string, CanonicalView> canonical;  // by group of compare_within; "" without
  PerStatus<int> nodes{};
  std::map<AllowanceSource, int> allowances;
  int preexisting_nodes = 0;
  bool preexisting_canonical_missing = false;
  bool unsupported = false;               // every node answered `unsupported`: out of the verdict
  std::vector<StateNodes> states;         // by node count, descending
  std::optional<ChangeView> open_change;  // the oldest
  std::vector<ChangeView> other_changes;  // open ones of further groups of compare_within
  std::optional<ChangeView> last_change;  // the last closed one, for 6 h 30 min
  std::map<Direction, std::uint64_t> transitions;
  std::map<Outcome, std::uint64_t> changes;
  std::uint64_t converged_in_time = 0, converged_late = 0;
  Histogram convergence{kConvergenceBounds};  // of every node that arrived at a change's target
  std::optional<Duration> last_p95;
  std::optional<bool> compatible;  // only with a `compatible` list
};

// A collector of a service over all its nodes; filled in by whoever polls.
struct CollectorView {
  struct Failed {
    Wall at{};
    Reason reason = Reason::internal;
    SharedText text;  // repaired
  };
  struct Node {
    std::string name;
    bool up = false;
    std::optional<Wall> last_success;
    std::uint64_t polls = 0;         // that ended
    std::optional<Failed> failed{};  // the last poll that did, also when a later one succeeded
  };
  std::string kind;  // numbered from a service's second of a kind on
  Duration interval{};
  std::vector<Node> nodes;
  std::map<Reason, std::uint64_t> errors;
  Histogram duration{kPollBounds};
};

// Somebody's word that no rollout goes on, while it is in force.
struct ManualHold {
  std::string owner, reason;
  Wall until{};
};

// The share of known traffic that divergent nodes served in each 5 minutes of the last 15, the
// newest first. Nothing: there was no traffic, or it was not watched that long.
using Burn = std::array<std::optional<double>, 3>;

struct ServiceView {
  std::string name, owner, tier;
  Objectives objectives;
  std::vector<NodeView> nodes;
  std::map<std::string, DimensionView> dimensions;
  std::vector<std::string> first_rounds;  // dimensions of a reload that wait for theirs
  bool by_requests = false;               // exposure's source; else time
  PerStatus<double> requests{}, node_seconds{};
  Burn burn{};
  std::optional<ManualHold> hold;
  std::optional<ChangeView> deploy;  // the oldest open change, or the last for 6 h 30 min
  std::uint64_t lag_within = 0, lag_outside = 0;
  bool maintenance_active = false;
  std::optional<Wall> maintenance_end;
  int tolerated_unknown = 0;  // unknown nodes that a verdict may stand on
  int migration_dirty = 0;
  Duration migration_locked{};
  std::optional<int> pending_restart;  // nodes with settings that wait for a restart
  std::optional<int> missing_nodes;    // fewer than its least; where that is set
  std::map<std::string, int> online_changes;
  MeasuresView measures;
  std::vector<CollectorView> collectors;
  std::optional<bool> discovery_up;  // whether the last read succeeded; only where nodes are found
};

// Whether any dimension is compared: not when there is none, or all of them are `unsupported`.
inline bool compares(const ServiceView& service) {
  return std::any_of(service.dimensions.begin(), service.dimensions.end(),
                     [](const auto& entry) { return !entry.second.unsupported; });
}

// Services without a complete first round are left out.
struct Snapshot {
  Mono at{};
  Wall wall{};
  std::vector<ServiceView> services;
  int incomplete = 0;                               // services left out
  std::vector<std::string> waiting;                 // their names
  Duration stale_after = std::chrono::seconds(60);  // max(3 polls, 60 s): older is no truth
  Duration position_interval{};                     // how finely lag is resolved; 0: not measured
};

}  // namespace mse
