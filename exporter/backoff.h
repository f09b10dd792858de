// How long to wait before a failing node is tried again: full jitter, never a storm of logins.
#pragma once

#include "exporter/model.h"

namespace mse {

struct BackoffLimits {
  Duration shortest = std::chrono::seconds(1);
  Duration longest = std::chrono::seconds(60);
  Duration auth = std::chrono::seconds(60);  // between two tries with refused credentials
};

// The failures of one node in a row. Draws each delay uniformly between `shortest` and a ceiling
// that doubles with every failure up to `longest`, so that nodes that failed together do not come
// back together. A refused login waits at least `auth`: more would lock accounts. Pure: chance is
// told.
class Backoff {
 public:
  explicit Backoff(BackoffLimits limits = {}) : limits_(limits) {}

  // The wait after one more failure; `chance` is uniform in [0, 1).
  Duration failed(Reason reason, double chance);

  void succeeded() { failures_ = 0; }

  // Other limits from the next failure on.
  void reconfigure(BackoffLimits limits) { limits_ = limits; }

 private:
  BackoffLimits limits_;
  int failures_ = 0;
};

}  // namespace mse
