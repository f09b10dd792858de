// ConnectRate: how many connections the process opens, and who gets none.
#include "exporter/connect_rate.h"

#include <gtest/gtest.h>

#include <vector>

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Mono kStart{std::chrono::hours(1)};
const Mono kNever = kStart + std::chrono::hours(1);

TEST(ConnectRate, ABurstIsAtOnceAndTheRestIsSpacedOut) {
  ConnectRate rate(10, 3);
  std::vector<Duration> waits;
  for (int i = 0; i < 5; ++i) waits.push_back(rate.take(kStart, kNever).value() - kStart);
  const std::vector<Duration> expected = {milliseconds(0), milliseconds(0), milliseconds(0),
                                          milliseconds(100), milliseconds(200)};
  EXPECT_EQ(waits, expected);
}

TEST(ConnectRate, OverASecondNoMoreThanBurstAndRate) {
  ConnectRate rate(10, 3);
  int taken = 0;
  for (Mono now = kStart; now < kStart + seconds(1); now += milliseconds(1))
    taken += rate.take(now, now).has_value() ? 1 : 0;
  EXPECT_EQ(taken, 12);
}

TEST(ConnectRate, WhoCannotWaitTakesNoPlace) {
  ConnectRate rate(1, 1);
  EXPECT_EQ(rate.take(kStart, kNever), kStart);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(rate.take(kStart, kStart + milliseconds(999)));
  EXPECT_EQ(rate.take(kStart, kNever), kStart + seconds(1));
}

TEST(ConnectRate, ALongRestGivesNoMoreThanTheBurst) {
  ConnectRate rate(10, 2);
  rate.take(kStart, kNever);
  const Mono later = kStart + std::chrono::minutes(10);
  EXPECT_EQ(rate.take(later, later), later);
  EXPECT_EQ(rate.take(later, later), later);
  EXPECT_FALSE(rate.take(later, later));
}

TEST(ConnectRate, RatesUnderOneCountAsOne) {
  ConnectRate rate(0, 0);
  EXPECT_EQ(rate.take(kStart, kNever), kStart);
  EXPECT_EQ(rate.take(kStart, kNever), kStart + seconds(1));
}

}  // namespace
}  // namespace mse
