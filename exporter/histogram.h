// Observations counted by size, as Prometheus counts them: cumulative, never reset.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace mse {

// Seconds a node took to converge: 5 s … 4 h.
inline constexpr std::array kConvergenceBounds{5.0,   15.0,   30.0,   60.0,   120.0,  300.0,
                                               600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0};

// Seconds a poll took.
inline constexpr std::array kPollBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,  0.5,    1.0,   2.5,  5.0,   10.0};

// Seconds a reconciliation run took.
inline constexpr std::array kReconciliationBounds{0.1,   0.5,   1.0,    5.0,    15.0,   60.0,
                                                  300.0, 900.0, 1800.0, 3600.0, 14400.0};

// A plain value: copy it into a snapshot. One thread.
class Histogram {
 public:
  // `bounds` are the buckets' upper ends, ascending, without infinity. Only referred to: a
  // constant.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), up_to_(bounds.size()) {}

  // Counts `value`, seen `times` times, in every bucket it is not above. Not a number: not counted,
  // it has no size.
  void observe(double value, std::uint64_t times = 1);

  std::span<const double> bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& up_to() const { return up_to_; }  // one a bound, cumulative
  std::uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> up_to_;
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace mse
