// The run of equal polls, and the ways to become unknown.
#include "exporter/sighting.h"

#include <utility>

namespace mse {

void Sighting::see(const StateRef& state, bool replicated, std::optional<Position> position,
                   Now now) {
  if (state_ != state) {
    run_ = 0;
    first_ = now;
  }
  ++run_;
  polled_ = true;
  unsupported_ = false;
  state_ = state;
  at_ = now.mono;
  replicated_ = replicated;
  position_ = position ? std::make_unique<const Position>(std::move(*position)) : nullptr;
}

void Sighting::decline(Reason reason, Mono now) {
  unsupported_ = reason == Reason::unsupported;
  miss(reason, now);
}

void Sighting::miss(Reason reason, Mono now) {
  polled_ = true;
  at_ = now;
  lose(reason, now);
}

void Sighting::expire(Mono now, Duration limit) {
  if (state_ && now - at_ > limit) lose(Reason::stale, at_ + limit);
}

void Sighting::lose(Reason reason, Mono since) {
  if (state_) unknown_since_ = since;
  state_ = nullptr;
  reason_ = reason;
  run_ = 0;
  position_.reset();
}

}  // namespace mse
