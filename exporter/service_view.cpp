// Nodes, migrations and the deploy of a service.
#include "exporter/service_view.h"

#include <algorithm>
#include <utility>

#include "exporter/replication.h"

namespace mse {
namespace {

constexpr std::size_t kSmallService = 20;
constexpr double kShareOfLarge = 0.01;

// What the collectors of one node say of its migrations.
Migrations migrations_of(const Member& member) {
  Migrations out;
  for (const auto& [collector, side] : member.collectors) {
    if (!side.migrations) continue;
    out.dirty = out.dirty || side.migrations->dirty;
    if (side.migrations->locked)
      out.locked = std::max(out.locked.value_or(Duration::zero()), *side.migrations->locked);
    for (const auto& [change, count] : side.migrations->online_changes)
      out.online_changes[change] = std::max(out.online_changes[change], count);
  }
  return out;
}

}  // namespace

NodeView node_view(const Member& member, Mono now, Duration position_interval) {
  NodeView view;
  view.name = member.settings.name;
  const auto region = member.settings.labels.find("region");
  if (region != member.settings.labels.end()) view.region = region->second;
  view.role = member.role();
  view.serving = member.serves();
  view.ephemeral = member.ephemeral;
  view.exposure = Status::canonical;
  const Duration oldest = kLagKept * position_interval;
  view.lag = lag_of(member, now, oldest);
  if (view.lag && now - member.position->at <= oldest) view.link_up = member.position->link_up;
  for (const auto& [collector, side] : member.collectors) {
    if (side.downstreams) view.downstreams = *side.downstreams;
  }
  return view;
}

int tolerated_unknown(const std::optional<double>& setting, std::size_t nodes) {
  const double share = setting.value_or(nodes <= kSmallService ? 0 : kShareOfLarge);
  return static_cast<int>(share < 1 ? share * static_cast<double>(nodes) : share);
}

void add_migrations(ServiceView& view, const std::vector<Member*>& members) {
  std::map<std::pair<int, std::string>, int> by_group;  // of nodes in no group: by themselves
  int alone = 0;
  for (const Member* member : members) {
    const bool any =
        std::any_of(member->collectors.begin(), member->collectors.end(),
                    [](const auto& side) { return side.second.migrations.has_value(); });
    if (!any) continue;
    const int group = member->replication_group < 0 ? --alone : member->replication_group;
    const Migrations own = migrations_of(*member);
    if (own.dirty) ++view.migration_dirty;
    if (own.locked) view.migration_locked = std::max(view.migration_locked, *own.locked);
    for (const auto& [change, count] : own.online_changes) {
      int& most = by_group[{group, change}];
      most = std::max(most, count);
    }
  }
  for (const auto& [key, count] : by_group) view.online_changes[key.second] += count;
}

std::optional<int> pending_restart(const std::vector<Member*>& members) {
  std::optional<int> nodes;
  for (const Member* member : members) {
    if (member->pending_restart)
      nodes = nodes.value_or(0) + static_cast<int>(*member->pending_restart > 0);
  }
  return nodes;
}

CounterShare counter_share(const std::vector<Member*>& members) {
  CounterShare share;
  for (const Member* member : members) {
    if (!member->serves()) continue;
    const bool readable = std::any_of(member->collectors.begin(), member->collectors.end(),
                                      [](const auto& side) { return side.second.up; });
    const bool counts = member->traffic.counted();
    ++share.serving;
    share.known = share.known || counts || readable;
    if (counts || !readable) ++share.having;
  }
  return share;
}

std::optional<ChangeView> deploy_of(const std::map<std::string, DimensionView>& dimensions) {
  std::optional<ChangeView> oldest, newest;
  for (const auto& [name, dimension] : dimensions) {
    const auto& open = dimension.open_change;
    if (open && (!oldest || open->started < oldest->started)) oldest = open;
    const auto& last = dimension.last_change;
    if (last && (!newest || last->started > newest->started)) newest = last;
  }
  return oldest ? oldest : newest;
}

}  // namespace mse
