// Instants carried over a restart: from Mono to the wall clock that is stored, and back.
#pragma once

#include <algorithm>

#include "exporter/model.h"

namespace mse {

inline Wall::duration wall_duration(Duration duration) {
  return std::chrono::duration_cast<Wall::duration>(duration);
}

// How the clocks of this run relate. Steady: the two clocks are never read at quite the same
// moment, and what is stored must not change by that.
class Storing {
 public:
  // Follows the wall clock when it has stepped by more than this.
  static constexpr Duration kSteady = std::chrono::seconds(1);

  void see(Now now) {
    const Duration offset = now.wall.time_since_epoch() - now.mono.time_since_epoch();
    const Duration moved = offset - offset_;
    if (moved > kSteady || moved < -kSteady) offset_ = offset;
  }

  Wall wall(Mono at) const { return Wall{} + wall_duration(at.time_since_epoch() + offset_); }

  // The pair's own wall time, unless the clock has stepped since.
  Wall wall(Now at) const {
    const Duration moved = at.wall - wall(at.mono);
    return moved > kSteady || moved < -kSteady ? wall(at.mono) : at.wall;
  }

 private:
  Duration offset_{};
};

// Stored times on the clocks of this run. Where the wall clock shows less than when they were
// stored it stepped back: all are moved with it, so that no span is shorter than it was.
class Restoring {
 public:
  Restoring(Wall stored_at, Now now) : now_(now), back_(near(stored_at) - now.wall) {
    if (back_ < Duration::zero()) back_ = Duration::zero();
  }

  bool stepped_back() const { return back_ > Duration::zero(); }
  Now now() const { return now_; }

  Now at(Wall stored) const {
    const Wall moved = near(stored) - wall_duration(back_);
    return {now_.mono + (moved - now_.wall), moved};
  }

  // Of what has happened: never in the future.
  Now past(Wall stored) const {
    const Now instant = at(stored);
    return instant.mono > now_.mono ? now_ : instant;
  }

 private:
  // Far enough for any span of ours, and no sum with it overflows.
  Wall near(Wall stored) const {
    const Wall::duration farthest = wall_duration(std::chrono::hours(24 * 3650));
    return std::clamp(stored, now_.wall - farthest, now_.wall + farthest);
  }

  Now now_;
  Duration back_;
};

}  // namespace mse
