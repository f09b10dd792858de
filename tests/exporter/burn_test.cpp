// The 15 minutes of exposure that the gate remembers.
#include "exporter/burn.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A service whose counters rise by as much as told every 15 s.
struct Burning : ::testing::Test {
  BurnMemory memory;
  PerStatus<double> totals{};
  Mono now{std::chrono::hours(1)};

  void SetUp() override { memory.remember(totals, true, now); }

  void serve(double canonical, double divergent, Duration time, double unknown = 0) {
    for (const Mono end = now + time; now < end;) {
      now += seconds(15);
      totals.at(0) += canonical;
      totals.at(3) += divergent;
      totals.at(2) += unknown;
      memory.remember(totals, true, now);
    }
  }
  Burn windows() const { return memory.windows(now); }
};

TEST_F(Burning, IsTheShareOfEachFiveMinutesNewestFirst) {
  serve(100, 0, minutes(5));
  serve(90, 10, minutes(5));
  serve(50, 50, minutes(5));
  const Burn burn = windows();
  EXPECT_NEAR(burn[0].value(), 0.5, 1e-9);
  EXPECT_NEAR(burn[1].value(), 0.1, 1e-9);
  EXPECT_NEAR(burn[2].value(), 0, 1e-9);
}

TEST_F(Burning, SaysNothingOfTimeThatWasNotWatched) {
  EXPECT_EQ(windows(), Burn{});
  serve(50, 50, minutes(5) - seconds(15));
  EXPECT_EQ(windows(), Burn{});
  serve(50, 50, seconds(15));
  EXPECT_EQ(windows(), (Burn{0.5, {}, {}}));
  serve(50, 50, minutes(9));
  EXPECT_FALSE(windows()[2]);
  serve(50, 50, minutes(1));
  EXPECT_TRUE(windows()[2]);
}

TEST_F(Burning, SaysNothingOfTimeWithoutKnownTraffic) {
  serve(50, 50, minutes(5));
  serve(0, 0, minutes(5), 10);
  serve(1, 1, minutes(5));
  EXPECT_EQ(windows(), (Burn{0.5, {}, 0.5}));
}

TEST_F(Burning, UnknownTrafficIsInNeitherPartOfTheShare) {
  serve(50, 50, minutes(15), 1000);
  EXPECT_EQ(windows(), (Burn{0.5, 0.5, 0.5}));
}

TEST_F(Burning, BeginsAnewWithAnotherSource) {
  serve(50, 50, minutes(15));
  memory.remember({7, 0, 0, 0}, false, now);
  EXPECT_EQ(memory.windows(now), Burn{});
}

TEST_F(Burning, EvaluationsEverySecondCostNoMoreThanEveryFive) {
  for (int i = 0; i < 3600; ++i) {
    now += seconds(1);
    totals.at(0) += 3;
    totals.at(3) += 1;
    memory.remember(totals, true, now);
  }
  for (const auto& share : windows()) EXPECT_NEAR(share.value(), 0.25, 1e-9);
}

TEST_F(Burning, AStopOfEvaluationsIsSpreadOverItsTime) {
  serve(100, 0, minutes(5));
  now += minutes(10);
  totals.at(0) += 100;
  totals.at(3) += 100;
  memory.remember(totals, true, now);
  EXPECT_EQ(windows(), (Burn{0.5, 0.5, 0}));
}

}  // namespace
}  // namespace mse
