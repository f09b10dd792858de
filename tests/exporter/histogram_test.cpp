// Cumulative buckets: what Prometheus expects of a histogram.
#include "exporter/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mse {
namespace {

constexpr std::array kBounds{1.0, 5.0};

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram(kBounds);
  EXPECT_EQ(histogram.up_to(), (std::vector<std::uint64_t>{0, 0}));
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.sum(), 0);
}

TEST(Histogram, CountsAValueInEveryBucketItIsNotAbove) {
  Histogram histogram(kBounds);
  histogram.observe(0.5);
  histogram.observe(1.0);
  histogram.observe(3);
  histogram.observe(100);
  EXPECT_EQ(histogram.up_to(), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 104.5);
}

TEST(Histogram, DoesNotCountWhatIsNotANumber) {
  Histogram histogram(kBounds);
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_FALSE(std::isnan(histogram.sum()));
}

TEST(Histogram, CopiesGoTheirOwnWays) {
  Histogram memory(kBounds);
  memory.observe(2);
  const Histogram published = memory;
  memory.observe(2);
  EXPECT_EQ(published.count(), 1U);
  EXPECT_EQ(memory.count(), 2U);
}

TEST(Histogram, BoundsRiseFromFiveSecondsToFourHours) {
  EXPECT_EQ(kConvergenceBounds.front(), 5);
  EXPECT_EQ(kConvergenceBounds.back(), 4 * 3600);
  EXPECT_TRUE(std::is_sorted(kConvergenceBounds.begin(), kConvergenceBounds.end()));
  EXPECT_TRUE(std::is_sorted(kPollBounds.begin(), kPollBounds.end()));
}

}  // namespace
}  // namespace mse
