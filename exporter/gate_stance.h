// How one dimension looks to a caller of the gate: what there is its own doing, and what it mends.
#pragma once

#include <string>
#include <vector>

#include "exporter/gate.h"
#include "exporter/states.h"

namespace mse {

// Whether a dimension counts for the gate.
bool is_enforced(const DimensionView& dimension);

// Refers to the dimension's view. Pure.
class GateStance {
 public:
  GateStance(const std::string& name, const DimensionView& dimension, const GateQuestion& question);

  bool owns(const ChangeView& change) const;
  // Moves to the change's target, or back to its from-state.
  bool settles(const ChangeView& change) const;
  // A divergent node that does not hold the caller by itself: at its target, or not yet there.
  bool lets(const NodeDimension& node) const;
  // At the target of an undeclared change away from the caller's target, which is canonical.
  bool mends(const NodeDimension& node) const;

  const std::vector<const ChangeView*>& open() const { return open_; }  // the oldest first

 private:
  bool leads(const ChangeView& change) const;
  bool goes_back(const ChangeView& change) const;
  bool target_is_canonical(const DimensionView& dimension) const;

  std::string deploy_id_;
  StateWord target_;  // empty: none in this dimension
  bool repairs_ = false;
  std::vector<const ChangeView*> open_;
};

}  // namespace mse
