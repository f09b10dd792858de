// Backoff: between which waits a failing node is tried again.
#include "exporter/backoff.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::seconds;

constexpr double kAlmostOne = 0.999999;

TEST(Backoff, CeilingDoublesWithEveryFailureUpToTheLongest) {
  Backoff backoff;
  for (const int ceiling : {2, 4, 8, 16, 32, 60, 60, 60}) {
    const Duration wait = backoff.failed(Reason::refused, kAlmostOne);
    EXPECT_LE(wait, seconds(ceiling));
    EXPECT_GT(wait, seconds(ceiling) - std::chrono::milliseconds(1));
  }
}

TEST(Backoff, NeverWaitsLessThanTheShortest) {
  Backoff backoff;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.failed(Reason::refused, 0), seconds(1));
}

TEST(Backoff, SpreadsEvenlyBetweenTheShortestAndTheCeiling) {
  Backoff backoff;
  backoff.failed(Reason::refused, 0);
  EXPECT_EQ(backoff.failed(Reason::refused, 0.5), std::chrono::milliseconds(2500));
}

TEST(Backoff, StartsAnewAfterASuccess) {
  Backoff backoff;
  for (int i = 0; i < 6; ++i) backoff.failed(Reason::refused, kAlmostOne);
  backoff.succeeded();
  EXPECT_LE(backoff.failed(Reason::refused, kAlmostOne), seconds(2));
}

TEST(Backoff, RefusedCredentialsAreTriedAtMostOnceAMinute) {
  Backoff backoff;
  for (const double chance : {0.0, 0.5, kAlmostOne})
    EXPECT_GE(backoff.failed(Reason::auth, chance), seconds(60));
}

TEST(Backoff, DoesNotOverflowHoweverLongANodeIsDown) {
  Backoff backoff;
  for (int i = 0; i < 1000; ++i) backoff.failed(Reason::refused, kAlmostOne);
  EXPECT_LE(backoff.failed(Reason::refused, kAlmostOne), seconds(60));
  EXPECT_GT(backoff.failed(Reason::refused, kAlmostOne), seconds(59));
}

TEST(Backoff, ALongestUnderTheShortestCountsAsTheShortest) {
  Backoff backoff({.shortest = seconds(1), .longest = std::chrono::milliseconds(10)});
  EXPECT_EQ(backoff.failed(Reason::refused, kAlmostOne), seconds(1));
}

}  // namespace
}  // namespace mse
