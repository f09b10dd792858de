// Samples of two counters, and the shares between them.
#include "exporter/burn.h"

#include <algorithm>

namespace mse {
namespace {

// Closer samples replace each other: evaluations come up to once a second.
constexpr Duration kApart = std::chrono::seconds(5);

double of(const PerStatus<double>& totals, Status status) {
  return totals.at(static_cast<std::size_t>(status));
}

}  // namespace

void BurnMemory::remember(const PerStatus<double>& totals, bool by_requests, Mono now) {
  if (by_requests != by_requests_) samples_.clear();
  by_requests_ = by_requests;
  const double bad = of(totals, Status::divergent);
  const double known = bad + of(totals, Status::canonical) + of(totals, Status::transition);
  const std::size_t count = samples_.size();
  if (count >= 2 && now - samples_[count - 2].at < kApart) samples_.pop_back();
  samples_.push_back({now, bad, known});
  const Mono begin = now - static_cast<int>(Burn{}.size()) * kBurnWindow;
  while (samples_.size() >= 2 && samples_[1].at <= begin) samples_.pop_front();
}

BurnMemory::Sample BurnMemory::at(Mono instant) const {
  const auto later =
      std::lower_bound(samples_.begin(), samples_.end(), instant,
                       [](const Sample& sample, Mono wanted) { return sample.at < wanted; });
  if (later == samples_.end()) return samples_.back();
  if (later == samples_.begin()) return *later;
  const Sample& before = *(later - 1);
  const double share = std::chrono::duration<double>(instant - before.at) /
                       std::chrono::duration<double>(later->at - before.at);
  return {instant, before.bad + share * (later->bad - before.bad),
          before.known + share * (later->known - before.known)};
}

Burn BurnMemory::windows(Mono now) const {
  Burn out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Mono end = now - static_cast<int>(i) * kBurnWindow;
    const Mono begin = end - kBurnWindow;
    if (samples_.empty() || samples_.front().at > begin) break;
    const Sample first = at(begin);
    const Sample last = at(end);
    const double known = last.known - first.known;
    if (known > 0) out.at(i) = (last.bad - first.bad) / known;
  }
  return out;
}

}  // namespace mse
