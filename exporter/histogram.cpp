// Counting into cumulative buckets.
#include "exporter/histogram.h"

#include <cmath>

namespace mse {

void Histogram::observe(double value, std::uint64_t times) {
  if (std::isnan(value)) return;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (value <= bounds_[i]) up_to_[i] += times;
  }
  count_ += times;
  sum_ += value * static_cast<double>(times);
}

}  // namespace mse
