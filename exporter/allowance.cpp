// The five sources of allowances.
#include "exporter/allowance.h"

#include <algorithm>

namespace mse {
namespace {

std::vector<StateWord> words(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

bool any_names(const std::vector<StateWord>& list, const State& state) {
  return std::any_of(list.begin(), list.end(),
                     [&state](const StateWord& word) { return word.names(state); });
}

std::optional<Allowance> by_change(const Case& node, const Permissions& permissions) {
  const Change* change = permissions.change;
  if (change == nullptr || !change->declared || permissions.access_policy) return std::nullopt;
  if (change->overdue(permissions.now.mono)) return std::nullopt;
  const bool canary = change->canary.contains(node.node) && node.state == change->to.state();
  const bool on_the_way = change->canary.empty() && change->from.admits(node.state);
  if (!canary && !on_the_way) return std::nullopt;
  const std::string from = change->from.empty() ? "" : " from " + change->from.text();
  return Allowance{AllowanceSource::change, "changing" + from + " to " + change->to.text(),
                   change->deploy_id, change->deadline.wall};
}

std::optional<Allowance> by_maintenance(const Case&, const Permissions& permissions) {
  if (!permissions.maintenance || permissions.access_policy) return std::nullopt;
  return Allowance{AllowanceSource::maintenance, *permissions.maintenance, "", {}};
}

std::optional<Allowance> by_lag(const Case& node, const Permissions&) {
  if (!node.lag) return std::nullopt;
  return Allowance{AllowanceSource::lag, "read before it replayed the primary's change", "", {}};
}

std::optional<Allowance> by_compatibility(const Case& node, const Permissions& permissions) {
  if (permissions.compatible == nullptr || !node.canonical.state) return std::nullopt;
  if (!permissions.compatible->together(*node.state, *node.canonical.state)) return std::nullopt;
  return Allowance{AllowanceSource::compatible, "compatible with " + node.canonical.text, "", {}};
}

std::optional<Allowance> by_acknowledgement(const Case& node, const Permissions& permissions) {
  if (permissions.acknowledged == nullptr) return std::nullopt;
  for (const Acknowledged& ack : *permissions.acknowledged) {
    if (ack.covers(node.node, *node.state, node.differing, permissions.now.wall))
      return Allowance{AllowanceSource::acknowledged, ack.settings().why, ack.settings().who,
                       ack.settings().until};
  }
  return std::nullopt;
}

}  // namespace

Compatible::Compatible(const std::vector<std::vector<std::string>>& lists) {
  for (const auto& list : lists) lists_.push_back(words(list));
}

bool Compatible::together(const State& one, const State& other) const {
  if (one.key == other.key) return true;
  return std::any_of(lists_.begin(), lists_.end(), [&](const std::vector<StateWord>& list) {
    return any_names(list, one) && any_names(list, other);
  });
}

bool Compatible::listed(const State& state) const {
  return std::any_of(lists_.begin(), lists_.end(), [&state](const std::vector<StateWord>& list) {
    return any_names(list, state);
  });
}

bool Compatible::all_together(const std::vector<StateRef>& states) const {
  if (states.size() < 2) return true;
  for (const StateRef& state : states) {
    if (!listed(*state)) return false;
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    for (std::size_t j = i + 1; j < states.size(); ++j) {
      if (!together(*states[i], *states[j])) return false;
    }
  }
  return true;
}

Acknowledged::Acknowledged(const Acknowledgement& settings) : settings_(settings) {
  for (const std::string& text : settings.states) states_.emplace_back(text);
}

bool Acknowledged::covers(const std::string& node, const State& state, const KeyList& keys,
                          Wall now) const {
  if (now >= settings_.until) return false;
  if (!settings_.nodes.empty() && !settings_.nodes.contains(node)) return false;
  if (!states_.empty() && !any_names(states_, state)) return false;
  if (settings_.keys.empty()) return true;
  return !keys.empty() && std::all_of(keys.begin(), keys.end(), [this](const std::string& key) {
    return settings_.keys.contains(key);
  });
}

std::optional<Allowance> allowance(const Case& node, const Permissions& permissions) {
  for (const auto source :
       {by_change, by_maintenance, by_lag, by_compatibility, by_acknowledgement}) {
    if (auto allowed = source(node, permissions)) return allowed;
  }
  return std::nullopt;
}

}  // namespace mse
