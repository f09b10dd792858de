// The caller's deploy id and target against the changes and states of a dimension.
#include "exporter/gate_stance.h"

#include <algorithm>

#include "exporter/sighting.h"

namespace mse {
namespace {

// A dimension's way to say that a change has no deploy id.
constexpr std::string_view kNobody = "none";

// A state of a change: the state itself, or where no node showed it yet, a word for it.
bool is(const NodeDimension& node, const std::shared_ptr<const State>& state,
        const std::string& word) {
  if (!node.state) return false;
  return state ? node.state->key == state->key : StateWord(word).names(*node.state);
}

bool names(const StateWord& target, const std::shared_ptr<const State>& state,
           const std::string& word) {
  if (target.empty()) return false;
  return state ? target.names(*state) : target.text() == word;
}

StateWord target_in(const std::string& dimension, const GateQuestion& question) {
  const bool meant =
      question.dimension.empty() ? dimension != kAccessPolicy : dimension == question.dimension;
  return meant ? StateWord(question.target) : StateWord();
}

}  // namespace

bool is_enforced(const DimensionView& dimension) {
  return dimension.enforce == Enforce::page && !dimension.unsupported;
}

GateStance::GateStance(const std::string& name, const DimensionView& dimension,
                       const GateQuestion& question)
    : deploy_id_(question.deploy_id), target_(target_in(name, question)) {
  if (dimension.open_change) open_.push_back(&*dimension.open_change);
  for (const ChangeView& change : dimension.other_changes) open_.push_back(&change);
  const bool under_way = std::any_of(open_.begin(), open_.end(),
                                     [this](const auto* change) { return leads(*change); });
  repairs_ = !under_way && target_is_canonical(dimension);
}

bool GateStance::target_is_canonical(const DimensionView& dimension) const {
  return !target_.empty() &&
         std::all_of(dimension.canonical.begin(), dimension.canonical.end(),
                     [this](const auto& entry) {
                       const CanonicalView& canonical = entry.second;
                       return canonical.key && target_.names({*canonical.key, canonical.text, {}});
                     });
}

bool GateStance::owns(const ChangeView& change) const {
  if (change.deploy_id != kNobody && !deploy_id_.empty()) return change.deploy_id == deploy_id_;
  return names(target_, change.to_state, change.to);
}

// Whoever declared it.
bool GateStance::leads(const ChangeView& change) const {
  return owns(change) || names(target_, change.to_state, change.to);
}

bool GateStance::goes_back(const ChangeView& change) const {
  return names(target_, change.from_state, change.from);
}

bool GateStance::settles(const ChangeView& change) const {
  return leads(change) || goes_back(change);
}

bool GateStance::lets(const NodeDimension& node) const {
  if (node.state && target_.names(*node.state)) return true;
  return std::any_of(open_.begin(), open_.end(), [&](const ChangeView* change) {
    return leads(*change) &&
           (is(node, change->from_state, change->from) || is(node, change->to_state, change->to));
  });
}

bool GateStance::mends(const NodeDimension& node) const {
  return repairs_ && std::any_of(open_.begin(), open_.end(), [&](const ChangeView* change) {
           return !change->declared && goes_back(*change) && is(node, change->to_state, change->to);
         });
}

}  // namespace mse
