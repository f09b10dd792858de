// A token bucket kept as one instant: when its next token is due.
#include "exporter/connect_rate.h"

#include <algorithm>

namespace mse {

ConnectRate::ConnectRate(int per_second, int burst)
    : gap_(Duration(std::chrono::seconds(1)) / std::max(per_second, 1)),
      slack_(gap_ * (std::max(burst, 1) - 1)) {}

std::optional<Mono> ConnectRate::take(Mono now, Mono latest) {
  const Mono due = std::max(next_, now - slack_);
  const Mono at = std::max(due, now);
  if (at > latest) return std::nullopt;
  next_ = due + gap_;
  return at;
}

}  // namespace mse
