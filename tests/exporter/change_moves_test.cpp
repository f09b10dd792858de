// The moves of one group's nodes, and the time they take to converge.
#include <gtest/gtest.h>

#include "exporter/change.h"
#include "tests/exporter/change_group.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using Moves = ChangeOf;
using Convergence = ChangeOf;

TEST_F(Moves, ToTheOpenChangesTargetAreForwardAndToItsFromStateBackward) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BBA");
  EXPECT_EQ(moves(Direction::forward), 2U);
  after(seconds(15), "BAA");
  EXPECT_EQ(moves(Direction::backward), 1U);
  after(seconds(15), "BAC");
  EXPECT_EQ(moves(Direction::lateral), 1U);
}

TEST_F(Moves, ThatOpenAChangeAreForwardOnceItIsOpen) {
  step("AAA");
  after(seconds(15), "BBA");
  EXPECT_EQ(moves(Direction::forward), 0U);
  after(seconds(15), "BBA");
  EXPECT_EQ(moves(Direction::forward), 2U);
  EXPECT_EQ(moves(Direction::lateral), 0U);
}

TEST_F(Moves, ThatWereOnlyAFlapAreLateral) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "AAA");
  EXPECT_EQ(moves(Direction::forward), 0U);
  EXPECT_EQ(moves(Direction::lateral), 2U);
}

TEST_F(Moves, BackToTheFromStateOfTheLastClosedChangeAreBackward) {
  step("AAA");
  order = declared("B");
  step("AAA");
  after(seconds(15), "BBB");
  after(seconds(15), "BBB");
  canonical = b;
  after(minutes(30), "BBA");
  EXPECT_EQ(moves(Direction::backward), 1U);
}

TEST_F(Moves, AreLateralOnceTheLastClosedChangeIsForgotten) {
  step("AAA");
  order = declared("B");
  step("AAA");
  after(seconds(15), "BBB");
  after(seconds(15), "BBB");
  canonical = b;
  pass(minutes(391));
  step("BBA");
  step("BBB");
  EXPECT_EQ(moves(Direction::backward), 0U);
  EXPECT_EQ(moves(Direction::lateral), 2U);
}

TEST_F(Moves, AreNotCountedForWhatTheFirstRoundFound) {
  step("ABC");
  after(seconds(15), "ABC");
  EXPECT_TRUE(counts.transitions.empty());
}

TEST_F(Moves, ThroughUnknownCountWhenTheNodeIsBackElsewhere) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "AA-");
  after(seconds(15), "AAB");
  EXPECT_EQ(moves(Direction::forward), 1U);
  after(seconds(15), "AA-");
  after(seconds(15), "AAB");
  EXPECT_EQ(moves(Direction::forward), 1U);
}

TEST_F(Moves, ABirthInTheFromStateIsBackwardUnderAnUndeclaredChange) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BAAA");
  EXPECT_EQ(moves(Direction::backward), 1U);
}

TEST_F(Moves, ABirthInTheFromStateIsNoMoveUnderADeclaredChangeBeforeItsDeadline) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BAAA");
  EXPECT_EQ(moves(Direction::backward), 0U);
  pass(minutes(6));
  step("BAAAA");
  EXPECT_EQ(moves(Direction::backward), 1U);
}

TEST_F(Moves, ABirthAfterARollBackIsNone) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  after(seconds(15), "AAA");
  after(seconds(15), "AAA");
  ASSERT_EQ(ended(Outcome::rolled_back), 1U);
  const auto counted = moves(Direction::backward);
  after(seconds(15), "AAAA");
  EXPECT_EQ(moves(Direction::backward), counted);
}

TEST_F(Convergence, CountsANodeOnceInTimeWithWhatItTook) {
  step("AAA");
  order = declared("B");
  step("AAA");
  after(seconds(60), "BAA");
  after(seconds(60), "AAA");
  after(seconds(60), "BAA");
  EXPECT_EQ(counts.converged_in_time, 1U);
  EXPECT_EQ(counts.convergence.count(), 1U);
  EXPECT_DOUBLE_EQ(counts.convergence.sum(), 60);
}

TEST_F(Convergence, CountsLateNodesAtTheDeadlineAndTheirTimeWhenTheyArrive) {
  step("AAA");
  order = declared("B");
  step("BAA");
  after(minutes(5), "BAA");
  EXPECT_EQ(counts.converged_late, 0U);
  after(seconds(1), "BAA");
  EXPECT_EQ(counts.converged_late, 2U);
  after(minutes(1), "BBA");
  EXPECT_EQ(counts.converged_late, 2U);
  EXPECT_EQ(counts.converged_in_time, 1U);
  EXPECT_EQ(counts.convergence.count(), 2U);
  EXPECT_DOUBLE_EQ(counts.convergence.sum(), 361);
}

TEST_F(Convergence, ANodeBornAtTheTargetArrivesWithItsFirstPoll) {
  step("AA");
  order = declared("B");
  step("AA");
  after(seconds(40), "AAB");
  EXPECT_EQ(counts.converged_in_time, 1U);
  EXPECT_DOUBLE_EQ(counts.convergence.sum(), 40);
}

TEST_F(Convergence, ANodeBornAfterTheDeadlineDoesNotCount) {
  step("AA");
  order = declared("B");
  step("BA");
  after(minutes(6), "BA");
  after(minutes(1), "BABA");
  EXPECT_EQ(counts.converged_in_time, 1U);
  EXPECT_EQ(counts.converged_late, 1U);
  EXPECT_EQ(counts.convergence.count(), 1U);
}

TEST_F(Convergence, ANodeFoundAtTheTargetDoesNotCount) {
  order = declared("B", minutes(1));
  step("BA");
  EXPECT_EQ(counts.converged_in_time, 0U);
  after(seconds(15), "BB");
  EXPECT_EQ(counts.converged_in_time, 1U);
}

TEST_F(Convergence, PreexistingNodesAndThoseOutOfSightAreNotLate) {
  step("AAC-");
  node("n2").slot.old_drift = c;
  pass(seconds(1));
  order = declared("B");
  step("BAC-");
  after(minutes(6), "BAC-");
  EXPECT_EQ(counts.converged_late, 1U);
}

TEST_F(Convergence, OfACanaryAsksOnlyItsNodes) {
  step("AAA");
  order = declared("B");
  order->canary = {"n0"};
  step("AAA");
  after(minutes(6), "AAA");
  EXPECT_EQ(counts.converged_late, 1U);
}

TEST_F(Convergence, OfTheOpenerOfAnUndeclaredChangeTakesNoTime) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BBA");
  EXPECT_EQ(counts.converged_in_time, 2U);
  EXPECT_DOUBLE_EQ(counts.convergence.sum(), 30);
}

TEST_F(Convergence, RatioIsAShareOfTheCurrentInventory) {
  step("AAAA");
  order = declared("B");
  after(seconds(15), "BAAA");
  EXPECT_DOUBLE_EQ(changes.open()->ratio, 0.25);
  remove("n3");
  remove("n2");
  evaluate();
  EXPECT_DOUBLE_EQ(changes.open()->ratio, 0.5);
}

TEST_F(Convergence, P95IsOfTheNodesOfTheConvergedChange) {
  step("AA");
  order = declared("B");
  step("AA");
  after(seconds(20), "BA");
  after(seconds(20), "BB");
  after(seconds(20), "BB");
  ASSERT_NE(changes.last(now.mono), nullptr);
  EXPECT_EQ(changes.last(now.mono)->p95, seconds(40));
  EXPECT_EQ(counts.last_p95, seconds(40));
}

TEST(P95, IsTheNearestRank) {
  std::vector<Duration> durations;
  EXPECT_EQ(p95(durations), std::nullopt);
  for (int i = 1; i <= 20; ++i) durations.push_back(seconds(i));
  EXPECT_EQ(p95(durations), seconds(19));
  durations.push_back(seconds(21));
  EXPECT_EQ(p95(durations), seconds(20));
  EXPECT_EQ(p95({seconds(3)}), seconds(3));
}

}  // namespace
}  // namespace mse
