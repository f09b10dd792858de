// Replica lag by position history.
#include "exporter/lag.h"

#include <algorithm>

namespace mse {

void PositionHistory::add(const std::string& history, Mono at, std::uint64_t position) {
  primary_known_ = true;
  const bool comparable = history == history_ && !samples_.empty() && at > samples_.back().at &&
                          position >= samples_.back().position;
  if (!comparable) {
    history_ = history;
    samples_.assign(1, Sample{at, position});
    return;
  }
  const std::size_t n = samples_.size();
  const bool flat =
      n >= 2 && samples_[n - 1].position == position && samples_[n - 2].position == position;
  if (flat) {
    samples_.back().at = at;
    return;
  }
  samples_.push_back(Sample{at, position});
  if (samples_.size() > capacity_) samples_.pop_front();
}

Lag PositionHistory::lag(const std::string& history, std::uint64_t applied, Mono now) const {
  if (!primary_known_ || samples_.empty() || history != history_) return {};
  const Sample& newest = samples_.back();
  if (applied >= newest.position) return {Duration::zero(), 0, std::nullopt};
  const std::uint64_t bytes = newest.position - applied;
  const auto exceeded = exceeded_at(applied);
  if (!exceeded)
    return {std::nullopt, bytes, std::max(Duration::zero(), now - samples_.front().at)};
  return {std::max(Duration::zero(), now - *exceeded), bytes, std::nullopt};
}

std::optional<Mono> PositionHistory::exceeded_at(std::uint64_t applied) const {
  const auto after = std::upper_bound(
      samples_.begin(), samples_.end(), applied,
      [](std::uint64_t position, const Sample& sample) { return position < sample.position; });
  if (after == samples_.begin()) return std::nullopt;
  const Sample& before = *std::prev(after);
  const auto share = static_cast<double>(applied - before.position) /
                     static_cast<double>(after->position - before.position);
  const auto step = std::chrono::duration<double, std::nano>(after->at - before.at) * share;
  return before.at + std::chrono::duration_cast<Duration>(step);
}

}  // namespace mse
