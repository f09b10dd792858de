// Lag by position history against the cases that the usual formulas get wrong.
#include "exporter/lag.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kTimeline = "7301/1";

Mono at(double s) {
  return Mono{} + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

double seconds_of(const std::optional<Duration>& d) {
  return d ? std::chrono::duration<double>(*d).count() : -1;
}

PositionHistory history(std::initializer_list<std::pair<double, std::uint64_t>> samples) {
  PositionHistory out;
  for (const auto& [when, position] : samples) out.add(kTimeline, at(when), position);
  return out;
}

TEST(Lag, IsUnmeasurableWithoutSamples) {
  const Lag lag = PositionHistory().lag(kTimeline, 100, at(1));
  EXPECT_EQ(lag.time, std::nullopt);
  EXPECT_EQ(lag.bytes, std::nullopt);
  EXPECT_EQ(lag.at_least, std::nullopt);
}

TEST(Lag, IsZeroOnAnIdlePairHoweverLongItIdles) {
  auto primary = history({{0, 500}});
  for (int s = 1; s <= 3600; ++s) primary.add(kTimeline, at(s), 500);
  const Lag lag = primary.lag(kTimeline, 500, at(3600));
  EXPECT_EQ(seconds_of(lag.time), 0);
  EXPECT_EQ(lag.bytes, 0U);
}

TEST(Lag, IsZeroWhenTheReplicaIsAheadOfTheNewestSample) {
  EXPECT_EQ(seconds_of(history({{0, 500}}).lag(kTimeline, 501, at(1)).time), 0);
}

TEST(Lag, GrowsFromTheMomentThePrimaryMovedPastACutReplica) {
  auto primary = history({{0, 500}, {1, 500}, {2, 500}, {3, 3000500}});
  EXPECT_DOUBLE_EQ(seconds_of(primary.lag(kTimeline, 500, at(3)).time), 1);
  for (int s = 4; s <= 60; ++s) primary.add(kTimeline, at(s), 3000500);
  const Lag lag = primary.lag(kTimeline, 500, at(60));
  EXPECT_DOUBLE_EQ(seconds_of(lag.time), 58);
  EXPECT_EQ(lag.bytes, 3000000U);
}

TEST(Lag, DoesNotCountTheIdleTimeBeforeThePrimaryMoved) {
  auto primary = history({{0, 500}});
  for (int s = 1; s <= 12; ++s) primary.add(kTimeline, at(s), 500);
  primary.add(kTimeline, at(13), 900);
  EXPECT_DOUBLE_EQ(seconds_of(primary.lag(kTimeline, 500, at(15)).time), 3);
}

TEST(Lag, InterpolatesBetweenSamples) {
  const auto primary = history({{0, 0}, {10, 1000}});
  EXPECT_DOUBLE_EQ(seconds_of(primary.lag(kTimeline, 250, at(10)).time), 7.5);
}

TEST(Lag, BeforeTheOldestSampleIsAbsentWithALowerBound) {
  const auto primary = history({{5, 1000}, {6, 1100}});
  const Lag lag = primary.lag(kTimeline, 900, at(9));
  EXPECT_EQ(lag.time, std::nullopt);
  EXPECT_EQ(lag.bytes, 200U);
  EXPECT_DOUBLE_EQ(seconds_of(lag.at_least), 4);
}

TEST(Lag, AtTheOldestSampleIsMeasurable) {
  const auto primary = history({{5, 1000}, {6, 1100}});
  EXPECT_DOUBLE_EQ(seconds_of(primary.lag(kTimeline, 1000, at(9)).time), 4);
}

TEST(Lag, OfAnotherHistoryIsUnmeasurable) {
  const Lag lag = history({{0, 1000}, {1, 2000}}).lag("7301/2", 1000, at(1));
  EXPECT_EQ(lag.time, std::nullopt);
  EXPECT_EQ(lag.bytes, std::nullopt);
}

TEST(Lag, StartsAnewWithEachHistory) {
  auto primary = history({{0, 1000}, {1, 2000}});
  primary.add("7301/2", at(2), 2500);
  EXPECT_EQ(primary.lag("7301/2", 1500, at(3)).time, std::nullopt);
  EXPECT_EQ(primary.lag(kTimeline, 1500, at(3)).bytes, std::nullopt);
}

TEST(Lag, APositionThatFellStartsAnew) {
  auto primary = history({{0, 1000}, {1, 2000}});
  primary.add(kTimeline, at(2), 1500);
  EXPECT_EQ(primary.lag(kTimeline, 1200, at(3)).time, std::nullopt);
}

TEST(Lag, IsUnmeasurableWhileThePrimaryIsLostAndBackAfterwards) {
  auto primary = history({{0, 1000}, {1, 2000}});
  primary.primary_lost();
  EXPECT_EQ(primary.lag(kTimeline, 2000, at(2)).time, std::nullopt);
  primary.add(kTimeline, at(3), 2000);
  EXPECT_EQ(seconds_of(primary.lag(kTimeline, 2000, at(3)).time), 0);
}

TEST(Lag, ForgetsTheOldestBeyondItsCapacityAndSaysSo) {
  PositionHistory primary(3);
  for (int s = 0; s < 10; ++s) primary.add(kTimeline, at(s), static_cast<std::uint64_t>(s) * 100);
  EXPECT_EQ(primary.lag(kTimeline, 600, at(9)).time, std::nullopt);
  EXPECT_DOUBLE_EQ(seconds_of(primary.lag(kTimeline, 700, at(9)).time), 2);
}

TEST(Lag, IsNeverNegativeWhenTheClockReadingIsOlderThanTheSample) {
  const auto primary = history({{0, 0}, {10, 1000}});
  EXPECT_EQ(seconds_of(primary.lag(kTimeline, 999, at(5)).time), 0);
}

}  // namespace
}  // namespace mse
