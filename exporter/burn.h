// The exposure of the last 15 minutes, remembered here so that the gate needs no Prometheus.
#pragma once

#include <deque>

#include "exporter/snapshot.h"

namespace mse {

inline constexpr Duration kBurnWindow = std::chrono::minutes(5);

// Of one service. It begins anew with the process: for 15 minutes after a restart no burn is known.
// Pure. One thread.
class BurnMemory {
 public:
  // What has been counted up to now, by requests or by time; from another source it begins anew.
  void remember(const PerStatus<double>& totals, bool by_requests, Mono now);

  Burn windows(Mono now) const;

 private:
  struct Sample {
    Mono at{};
    double bad = 0, known = 0;
  };
  Sample at(Mono instant) const;  // between two samples: in proportion to the time

  bool by_requests_ = false;
  std::deque<Sample> samples_;  // the oldest first
};

}  // namespace mse
