// Successful reads of the members of a service.
#include "exporter/inventory.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mse {
namespace {

std::vector<Inventory::Member> unique_members(const std::vector<NodeSettings>& nodes,
                                              std::set<std::string>& names) {
  std::vector<Inventory::Member> out;
  out.reserve(nodes.size());
  for (const NodeSettings& node : nodes) {
    if (names.insert(node.name).second) out.push_back({node, std::nullopt});
  }
  return out;
}

}  // namespace

void Inventory::read(const std::vector<NodeSettings>& nodes, Mono now) {
  expire(now);
  std::set<std::string> names;
  std::vector<Member> members = unique_members(nodes, names);
  std::vector<Member> dropped;
  for (const Member& member : members_) {
    if (!names.contains(member.settings.name)) dropped.push_back(member);
  }
  const std::size_t kept = members_.size() - dropped.size();
  const std::size_t added = members.size() - kept;
  const bool halved = 2 * dropped.size() > members_.size() && added < dropped.size();
  if (members.empty() || halved) {
    for (Member& member : dropped) {
      if (!member.grace_until) member.grace_until = now + kGrace;
      members.push_back(std::move(member));
    }
  }
  members_ = std::move(members);
}

void Inventory::replace(const std::vector<NodeSettings>& nodes) {
  std::set<std::string> names;
  members_ = unique_members(nodes, names);
}

void Inventory::expire(Mono now) {
  std::erase_if(members_, [now](const Member& member) {
    return member.grace_until && now >= *member.grace_until;
  });
}

bool Inventory::any_in_grace() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.grace_until.has_value(); });
}

}  // namespace mse
