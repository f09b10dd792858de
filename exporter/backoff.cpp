// Full jitter between a floor and a doubling ceiling.
#include "exporter/backoff.h"

#include <algorithm>

namespace mse {
namespace {

// 2^20 times the shortest wait is over any longest one: no overflow however long a node is down.
constexpr int kMostDoublings = 20;

Duration between(Duration low, Duration high, double chance) {
  const auto span = static_cast<double>((high - low).count());
  return low + Duration(static_cast<Duration::rep>(chance * span));
}

}  // namespace

Duration Backoff::failed(Reason reason, double chance) {
  failures_ = std::min(failures_ + 1, kMostDoublings);
  const Duration longest = std::max(limits_.shortest, limits_.longest);
  const Duration ceiling = std::min(longest, limits_.shortest * (Duration::rep{1} << failures_));
  const Duration wait = between(limits_.shortest, ceiling, chance);
  return reason == Reason::auth ? std::max(wait, limits_.auth) : wait;
}

}  // namespace mse
