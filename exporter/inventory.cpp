// Successful reads of the members of a service.
#include "exporter/inventory.h"

#include <algorithm>
#include <iterator>
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

void append(std::vector<Inventory::Member>& to, std::vector<Inventory::Member>& more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

void Inventory::read(const std::vector<NodeSettings>& nodes, Mono now) {
  expire(now);
  std::set<std::string> names;
  std::vector<Member> members = unique_members(nodes, names);
  std::vector<Member> dropped, missed;  // by this read, and by one before
  for (const Member& member : members_) {
    if (!names.contains(member.settings.name))
      (member.grace_until ? missed : dropped).push_back(member);
  }
  const std::size_t found_again = members_.size() - dropped.size() - missed.size();
  const std::size_t added = members.size() - found_again;
  const auto listed = static_cast<std::size_t>(std::count_if(
      members_.begin(), members_.end(), [](const Member& one) { return !one.grace_until; }));
  const bool halved = 2 * dropped.size() > listed && added < dropped.size();
  const bool replaced = !members.empty() && added >= dropped.size() + missed.size();
  for (Member& member : dropped) member.grace_until = now + kGrace;
  if (members.empty() || halved) append(members, dropped);
  if (!replaced) append(members, missed);
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
