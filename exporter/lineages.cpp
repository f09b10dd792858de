// A forest whose roots are the oldest ids.
#include "exporter/lineages.h"

namespace mse {

void Lineages::join(const std::string& id, const std::string& former) {
  if (former.empty()) return;
  const std::string newer = name(id);
  const std::string older = name(former);
  if (newer != older) before_[newer] = older;
}

const std::string& Lineages::name(const std::string& id) const {
  const std::string* at = &id;
  for (auto next = before_.find(id); next != before_.end(); next = before_.find(*at))
    at = &next->second;
  return *at;
}

void Lineages::keep(const std::set<std::string>& ids) {
  std::set<std::string> names;
  for (const std::string& id : ids) names.insert(name(id));
  std::set<std::string> gone;
  for (const auto& [id, older] : before_)
    if (!names.contains(name(id))) gone.insert(id);
  std::erase_if(before_, [&](const auto& entry) { return gone.contains(entry.first); });
}

}  // namespace mse
