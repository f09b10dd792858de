// The grid of polls, and the order of a position round.
#include "exporter/schedule.h"

#include <algorithm>
#include <map>

#include "exporter/lineages.h"

namespace mse {
namespace {

Duration share(Duration whole, double chance) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * chance));
}

// Short against an interval, so that the load stays even; long enough for some to come together.
Mono on_tick(Mono instant, Duration poll_interval) {
  const auto tick = std::min<Duration>(std::chrono::milliseconds(500), poll_interval / 30);
  return instant - instant.time_since_epoch() % tick;
}

}  // namespace

Schedule::Schedule(Cadences cadences, Mono start, Duration spread, double chance)
    : cadences_(cadences),
      phase_(on_tick(start + share(cadences.poll_interval, chance), cadences.poll_interval)),
      next_{start + share(std::min(spread, cadences.poll_interval), chance), Depth::deep} {}

Mono Schedule::on_grid_after(Mono instant) const {
  const Duration interval = cadences_.poll_interval;
  if (instant < phase_) return phase_ - interval * ((phase_ - instant - Duration(1)) / interval);
  return phase_ + interval * ((instant - phase_) / interval + 1);
}

void Schedule::succeeded(Depth depth, Mono began, Mono now) {
  backing_off_ = false;
  if (depth == Depth::deep) last_deep_ = began;
  next_.at = on_grid_after(now);
  // Half a poll of tolerance: a deep poll that began late by its spread must not slip an interval.
  const Mono deep_due = last_deep_ + cadences_.deep_interval - cadences_.poll_interval / 2;
  next_.depth = next_.at >= deep_due ? Depth::deep : Depth::narrow;
}

void Schedule::failed(Mono now, Duration wait) {
  backing_off_ = true;
  next_ = {now + wait, Depth::deep};
}

void Schedule::hurry(Mono now) {
  if (backing_off_) return;
  next_ = {std::min(next_.at, now), Depth::deep};
}

void Schedule::reconfigure(Cadences cadences, Mono now) {
  cadences_ = cadences;
  if (!backing_off_) next_.at = std::min(next_.at, on_grid_after(now));
}

std::vector<GroupRound> rounds_of(const std::vector<RoundMember>& members) {
  Lineages lineages;
  for (const auto& member : members) lineages.join(member.group, member.former_group);
  std::map<std::string, int> sizes;
  for (const auto& member : members) ++sizes[lineages.name(member.group)];
  const bool all_known = !sizes.contains("");
  std::vector<GroupRound> rounds;
  std::map<std::string, std::size_t> index;
  for (const auto& member : members) {
    const std::string& group = lineages.name(member.group);
    const bool is_alone = all_known && sizes[group] == 1;
    if (!member.answers || (is_alone && member.role == Role::primary)) continue;
    std::size_t at = rounds.size();
    if (!group.empty()) at = index.try_emplace(group, at).first->second;
    if (at == rounds.size()) rounds.emplace_back();
    auto& part = member.role == Role::primary ? rounds[at].then : rounds[at].first;
    part.push_back(member.node);
  }
  return rounds;
}

}  // namespace mse
