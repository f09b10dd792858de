// Counting into cumulative buckets.
#include "exporter/histogram.h"

#include <cmath>

namespace mse {

void Histogram::observe(double value) {
  if (std::isnan(value)) return;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (value <= bounds_[i]) ++up_to_[i];
  }
  ++count_;
  sum_ += value;
}

}  // namespace mse
