// The process-wide limit on new connections, so that a restart or a healed network is no storm.
#pragma once

#include <optional>

#include "exporter/model.h"

namespace mse {

// A token bucket that hands out places in time, first come first served. Pure: the time is told and
// must not go backwards.
class ConnectRate {
 public:
  // `per_second` connections on average, `burst` at once after a rest; both at least 1.
  ConnectRate(int per_second, int burst);

  // When the caller may connect (`now` or later): the place is taken. Nothing, and no place taken,
  // when that would be after `latest`.
  std::optional<Mono> take(Mono now, Mono latest);

 private:
  Duration gap_;    // between two connections in the long run
  Duration slack_;  // how far the bucket's clock may lag behind: the burst
  Mono next_{};     // when the bucket has its next token
};

}  // namespace mse
