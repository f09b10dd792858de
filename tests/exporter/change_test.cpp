// One group's changes: opened, adopted, superseded and ended.
#include "exporter/change.h"

#include <gtest/gtest.h>

#include "tests/exporter/change_group.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using Undeclared = ChangeOf;
using Declared = ChangeOf;
using Ending = ChangeOf;

TEST_F(Undeclared, ChangeOpensWhenAMovedNodeIsSeenTwice) {
  step("AAA");
  after(seconds(15), "BAA");
  EXPECT_EQ(changes.open(), nullptr);
  const Now first_seen = now;
  after(seconds(15), "BAA");
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_FALSE(changes.open()->declared);
  EXPECT_EQ(changes.open()->from.state(), a);
  EXPECT_EQ(changes.open()->to.state(), b);
  EXPECT_EQ(changes.open()->started.mono, first_seen.mono);
  EXPECT_EQ(changes.open()->started.wall, first_seen.wall);
  EXPECT_EQ(changes.open()->deadline.mono, first_seen.mono + kObjective);
}

TEST_F(Undeclared, ChangeOpensForANodeBornOutsideTheCanonical) {
  step("AAA");
  after(seconds(15), "AAAB");
  after(seconds(15), "AAAB");
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_EQ(changes.open()->to.state(), b);
}

TEST_F(Undeclared, OldDriftOpensNothing) {
  step("AAB");
  after(seconds(15), "AAB");
  after(seconds(15), "AAB");
  EXPECT_EQ(changes.open(), nullptr);
}

TEST_F(Undeclared, TheFirstStateOfANodeUnknownAtTheFirstRoundOpensNothing) {
  step("AA-");
  after(seconds(15), "AAB");
  after(seconds(15), "AAB");
  EXPECT_EQ(changes.open(), nullptr);
}

TEST_F(Undeclared, AFlapThatIsSeenOnceOpensNothing) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "AAA");
  after(seconds(15), "BAA");
  EXPECT_EQ(changes.open(), nullptr);
}

TEST_F(Undeclared, APrimarysOwnMoveOpensThoughTheCanonicalFollowsItAtOnce) {
  step("AA");
  canonical = b;
  after(seconds(15), "BA");
  after(seconds(15), "BA");
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_EQ(changes.open()->from.state(), a);
  EXPECT_EQ(changes.open()->to.state(), b);
}

TEST_F(Undeclared, NodesLeftBehindByACanonicalThatMovedElsewhereOpenNothing) {
  step("AAB");
  canonical = b;
  after(seconds(15), "AAB");
  after(seconds(15), "AAB");
  EXPECT_EQ(changes.open(), nullptr);
}

TEST_F(Undeclared, IsSupersededByTheCanonicalMovingElsewhere) {
  step("AAAA");
  after(seconds(15), "BAAA");
  after(seconds(15), "BACC");
  after(seconds(15), "BCCC");
  ASSERT_EQ(changes.open()->to.state(), b);
  canonical = c;
  after(seconds(15), "BCCC");
  EXPECT_EQ(ended(Outcome::superseded), 1U);
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_EQ(changes.open()->to.state(), c);
}

TEST_F(Undeclared, IsNotSupersededByTheCanonicalMovingToItsTargetOrBack) {
  step("AAA");
  after(seconds(15), "BBA");
  after(seconds(15), "BBA");
  canonical = b;
  after(seconds(15), "BBA");
  canonical = a;
  after(seconds(15), "BBA");
  EXPECT_EQ(ended(Outcome::superseded), 0U);
  EXPECT_NE(changes.open(), nullptr);
}

TEST_F(Declared, ChangeOpensAtOnceWithItsOwnTimes) {
  step("AAA");
  pass(minutes(1));
  order = declared("B", seconds(30), minutes(20));
  const Order told = *order;
  step("AAA");
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_TRUE(changes.open()->declared);
  EXPECT_EQ(changes.open()->deploy_id, "deploy-B");
  EXPECT_EQ(changes.open()->started.mono, told.started.mono);
  EXPECT_EQ(changes.open()->deadline.mono, told.deadline.mono);
}

TEST_F(Declared, FromIsThePreviousCanonicalWhenNotSaid) {
  step("ACC");
  order = declared("B");
  after(seconds(15), "ACC");
  EXPECT_EQ(changes.open()->from.state(), a);
}

TEST_F(Declared, FromIsTheCommonestOtherStateWithoutAPreviousCanonical) {
  order = declared("B");
  step("BACC");
  EXPECT_EQ(changes.open()->from.state(), c);
}

TEST_F(Declared, FromIsWhatTheDeclarationSays) {
  step("AAC");
  order = declared("B");
  order->from = Goal(StateWord("C"));
  after(seconds(15), "AAC");
  EXPECT_EQ(changes.open()->from.state(), c);
}

TEST_F(Declared, NothingOpensWhenAllNodesHoldTheTarget) {
  step("AAA");
  order = declared("A");
  after(seconds(15), "AAA");
  EXPECT_EQ(changes.open(), nullptr);
  EXPECT_TRUE(counts.changes.empty());
}

TEST_F(Declared, NothingOpensAfterItsExpiry) {
  step("AAA");
  order = declared("B", minutes(50));
  after(seconds(15), "AAA");
  EXPECT_EQ(changes.open(), nullptr);
}

TEST_F(Declared, AdoptsAnOpenUndeclaredChangeForItsTarget) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  order = declared("B", minutes(1), minutes(9));
  const Order told = *order;
  after(seconds(15), "BAA");
  EXPECT_TRUE(changes.open()->declared);
  EXPECT_EQ(changes.open()->deploy_id, "deploy-B");
  EXPECT_EQ(changes.open()->started.mono, told.started.mono);
  EXPECT_EQ(changes.open()->deadline.mono, told.deadline.mono);
  EXPECT_EQ(changes.open()->from.state(), a);
  EXPECT_TRUE(counts.changes.empty());
}

TEST_F(Declared, ADeclarationOfAnotherTargetSupersedes) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "AAA");
  order = declared("C");
  after(seconds(15), "BAA");
  EXPECT_EQ(ended(Outcome::superseded), 1U);
  EXPECT_EQ(changes.open()->to.text(), "C");
  EXPECT_EQ(changes.last(now.mono)->outcome, Outcome::superseded);
}

TEST_F(Declared, TargetMayBeADecimalFingerprint) {
  step("AAA");
  order = declared("2");
  after(seconds(15), "BAA");
  EXPECT_EQ(changes.open()->to.state(), b);
}

TEST_F(Ending, ConvergedWhenEveryNodeIsAtTheTargetInTwoPolls) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BBA");
  EXPECT_FALSE(after(seconds(15), "BBB"));
  EXPECT_NE(changes.open(), nullptr);
  const auto closed = after(seconds(15), "BBB");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->outcome, Outcome::converged);
  EXPECT_EQ(changes.open(), nullptr);
  EXPECT_EQ(ended(Outcome::converged), 1U);
}

TEST_F(Ending, ConvergedByInventory) {
  step("AA");
  order = declared("B");
  after(seconds(15), "AABB");
  after(seconds(15), "AABB");
  remove("n0");
  remove("n1");
  EXPECT_EQ(evaluate()->outcome, Outcome::converged);
}

TEST_F(Ending, ANodeThatIsUnknownBlocksConvergence) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BBA");
  after(seconds(15), "BB-");
  EXPECT_FALSE(after(seconds(15), "BB-"));
}

TEST_F(Ending, ANodeUnknownSinceBeforeItBeganDoesNot) {
  step("AAA");
  after(seconds(15), "AA-");
  pass(seconds(15));
  order = declared("B");
  step("BA-");
  after(seconds(15), "BB-");
  EXPECT_EQ(after(seconds(15), "BB-")->outcome, Outcome::converged);
}

TEST_F(Ending, ABackNodeAtTheFromStateIsStillInTheChange) {
  step("AAA");
  after(seconds(15), "AA-");
  pass(seconds(15));
  order = declared("B");
  step("BA-");
  after(seconds(15), "BBA");
  EXPECT_FALSE(after(seconds(15), "BBA"));
  EXPECT_NE(changes.open(), nullptr);
}

TEST_F(Ending, PreexistingNodesDoNotBlock) {
  step("AAC");
  node("n2").slot.old_drift = c;
  order = declared("B");
  after(seconds(15), "BAC");
  after(seconds(15), "BBC");
  EXPECT_EQ(after(seconds(15), "BBC")->outcome, Outcome::converged);
}

TEST_F(Ending, AcknowledgedNodesDoNotBlock) {
  step("AAC");
  node("n2").slot.acknowledged = c;
  order = declared("B");
  after(seconds(15), "BAC");
  after(seconds(15), "BBC");
  EXPECT_EQ(after(seconds(15), "BBC")->outcome, Outcome::converged);
}

TEST_F(Ending, NothingConvergesWithoutANodeAtTheTarget) {
  step("A-");
  order = declared("B");
  after(seconds(15), "--");
  remove("n0");
  remove("n1");
  EXPECT_FALSE(evaluate());
  EXPECT_NE(changes.open(), nullptr);
}

TEST_F(Ending, RolledBackWhenAllAreBackInTwoPolls) {
  step("AAA");
  order = declared("B");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  EXPECT_FALSE(after(seconds(15), "AAA"));
  const auto closed = after(seconds(15), "AAA");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->outcome, Outcome::rolled_back);
}

TEST_F(Ending, ADeclaredChangeThatNobodyBeganIsNotRolledBack) {
  step("AAA");
  order = declared("B");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(after(seconds(15), "AAA"));
  EXPECT_NE(changes.open(), nullptr);
}

TEST_F(Ending, AnUndeclaredChangeIsRolledBackThoughItsOpenerWasSeenOnlyTwice) {
  step("AAA");
  after(seconds(15), "BAA");
  after(seconds(15), "BAA");
  after(seconds(15), "AAA");
  EXPECT_EQ(after(seconds(15), "AAA")->outcome, Outcome::rolled_back);
}

TEST_F(Ending, StaysOpenOverdueAndExpiresAtTenTimesWhatItWasGiven) {
  step("AAA");
  order = declared("B");
  step("BAA");
  after(minutes(6), "BAA");
  ASSERT_NE(changes.open(), nullptr);
  EXPECT_TRUE(changes.open()->overdue(now.mono));
  EXPECT_FALSE(after(minutes(43), "BAA"));
  EXPECT_EQ(after(minutes(1), "BAA")->outcome, Outcome::expired);
}

TEST_F(Ending, NothingIsConvergedOrRolledBackWhileNodesAreInGrace) {
  step("AAA");
  order = declared("B");
  step("AAA");
  after(seconds(15), "BBB");
  frozen = true;
  EXPECT_FALSE(after(seconds(15), "BBB"));
  frozen = false;
  EXPECT_EQ(after(seconds(15), "BBB")->outcome, Outcome::converged);
}

TEST_F(Ending, AClosedChangeIsRememberedForSixAndAHalfHours) {
  step("AAA");
  order = declared("B");
  step("AAA");
  after(seconds(15), "BBB");
  after(seconds(15), "BBB");
  EXPECT_NE(changes.last(now.mono + minutes(390)), nullptr);
  EXPECT_EQ(changes.last(now.mono + minutes(391)), nullptr);
}

}  // namespace
}  // namespace mse
