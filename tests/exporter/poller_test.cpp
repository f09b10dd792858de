// The poller over nodes that answer, fail, hang, ignore and throw.
#include "exporter/poller.h"

#include <gmock/gmock.h>

#include <set>

#include "exporter/within.h"
#include "tests/exporter/poller_fixture.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

class PollerTest : public PollerFixture {};

TEST_F(PollerTest, TheFirstPollIsDeepAndTheOthersNarrow) {
  auto& pg = node("pg-1");
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 4; }));
  EXPECT_THAT(pg.depths, ElementsAre(Depth::deep, Depth::narrow, Depth::narrow, Depth::narrow));
  EXPECT_EQ(told[0].depth, Depth::deep);
  EXPECT_EQ(told[3].depth, Depth::narrow);
  EXPECT_EQ(pg.opened, 1) << "one session for all polls";
}

TEST_F(PollerTest, PollsKeepTheirInterval) {
  cadences.poll_interval = milliseconds(50);
  auto& pg = node("pg-1");
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 6; }));
  EXPECT_GT(pg.poll_times[5] - pg.poll_times[1], milliseconds(190));
}

TEST_F(PollerTest, FirstPollsAreSpread) {
  limits.start_spread = milliseconds(200);
  cadences.poll_interval = hours(1);
  for (int i = 0; i < 50; ++i) node("pg-" + std::to_string(i));
  const Mono began = std::chrono::steady_clock::now();
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 50; }));
  const auto late = std::count_if(told.begin(), told.end(), [&](const Told& each) {
    return each.at > began + milliseconds(100);
  });
  EXPECT_GT(late, 10);
}

TEST_F(PollerTest, FirstPollsOfManyTargetsAreSpreadOverWhatConnectingTakes) {
  limits.connects_per_second = 100;
  cadences.poll_interval = hours(1);
  for (int i = 0; i < 40; ++i) node("pg-" + std::to_string(i));
  const Mono began = std::chrono::steady_clock::now();
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 40; }));
  EXPECT_GT(told.back().at, began + milliseconds(200)) << "40 at 100 a second";
}

TEST_F(PollerTest, AFailureIsToldWithItsReasonAndTriedAgain) {
  auto& pg = node("pg-1");
  pg.polls = {{What::fails, Reason::refused}, {What::fails, Reason::dns}, {}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 3; }));
  EXPECT_EQ(told[0].failed, Reason::refused);
  EXPECT_EQ(told[1].failed, Reason::dns);
  EXPECT_EQ(told[2].failed, std::nullopt);
  EXPECT_THAT(pg.depths, Each(Depth::deep)) << "nothing is known after a failure";
  EXPECT_EQ(pg.opened, 1) << "a session that failed can poll again";
}

TEST_F(PollerTest, AFailingNodeWaitsLongerThanItsInterval) {
  cadences.poll_interval = milliseconds(100);
  limits.backoff = {milliseconds(150), milliseconds(200)};
  auto& down = node("down");
  down.polls = {{What::fails, Reason::refused}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("down") == 3; }));
  EXPECT_GE(down.poll_times[1] - told[0].at, milliseconds(149));
  EXPECT_GE(down.poll_times[2] - told[1].at, milliseconds(149));
}

TEST_F(PollerTest, BackoffIsCutToTwoIntervalsSoThatRecoveryIsSeen) {
  limits.backoff = {milliseconds(1), hours(1)};
  auto& down = node("down");
  down.polls = {{What::fails, Reason::refused}};
  start(targets());
  EXPECT_TRUE(until([&] { return polls_of("down") == 40; })) << "40 × 40 ms at most";
}

TEST_F(PollerTest, ARefusedLoginIsNotTriedAgainWithinAMinuteAndTakesNoPositions) {
  auto& locked = member("locked", Role::replica, "g");
  locked.polls = {{}, {What::fails, Reason::auth}};
  member("fine", Role::replica, "h");
  start(targets(true));
  ASSERT_TRUE(
      until([&] { return polls_of("locked") == 2 && locked.position_calls.running() == 0; }));
  const int positions = locked.position_calls.begun;
  const std::size_t later = polls_of("fine") + 30;
  ASSERT_TRUE(until([&] { return polls_of("fine") == later; }));
  EXPECT_EQ(locked.poll_calls.begun, 2);
  EXPECT_EQ(locked.position_calls.begun, positions);
}

TEST_F(PollerTest, ASessionThatThrowsIsInternalAndPolledAgain) {
  node("pg-1").polls = {{What::throws}, {}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 2; }));
  EXPECT_EQ(told[0].failed, Reason::internal);
  EXPECT_EQ(told[1].failed, std::nullopt);
}

TEST_F(PollerTest, ACollectorThatCannotOpenASessionIsInternal) {
  start({target("not among the nodes")});
  ASSERT_TRUE(until([&] { return told.size() == 2; }));
  EXPECT_EQ(told[0].failed, Reason::internal);
}

TEST_F(PollerTest, ASessionThatKeepsItsDeadlineSaysWhyItself) {
  cadences.poll_timeout = milliseconds(40);
  node("pg-1").polls = {{What::keeps_deadline}, {}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 2; }));
  EXPECT_EQ(told[0].failed, Reason::deadline);
  EXPECT_GE(told[0].took, milliseconds(40));
  EXPECT_EQ(told[1].failed, std::nullopt);
}

TEST_F(PollerTest, ASessionThatHangsIsCancelledAfterItsDeadline) {
  cadences.poll_timeout = milliseconds(40);
  auto& pg = node("pg-1");
  pg.polls = {{What::hangs}, {}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 2; }));
  EXPECT_EQ(told[0].failed, Reason::deadline);
  EXPECT_GE(told[0].took, milliseconds(40));
  EXPECT_EQ(told[1].failed, std::nullopt);
  EXPECT_EQ(pg.opened, 1);
}

TEST_F(PollerTest, ASessionThatIgnoresItsDeadlineIsDeadlineUntilItEndsAndNeverPolledTwiceAtOnce) {
  cadences.poll_timeout = milliseconds(20);
  auto& stuck = node("stuck");
  stuck.polls = {{What::ignores}, {}};
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("stuck") == 4; }));
  for (const auto& each : told) EXPECT_EQ(each.failed, Reason::deadline);
  EXPECT_EQ(stuck.poll_calls.begun, 1);
  stuck.release();
  ASSERT_TRUE(until([&] { return !told.back().failed; }));
  EXPECT_EQ(stuck.poll_calls.most_at_once, 1);
}

TEST_F(PollerTest, NeighboursOfHangingNodesStayFresh) {
  cadences.poll_interval = milliseconds(100);
  std::vector<std::string> healthy;
  for (int i = 0; i < 200; ++i) {
    const auto name = "pg-" + std::to_string(i);
    if (i % 4 == 0)
      node(name).polls = {{What::hangs}};
    else
      healthy.push_back(name);
    node(name);
  }
  start(targets());
  EXPECT_TRUE(until([&] {
    return std::all_of(healthy.begin(), healthy.end(),
                       [&](const auto& name) { return node(name).poll_calls.ended >= 5; });
  }));
  for (const auto& each : told) EXPECT_EQ(each.failed, std::nullopt) << "no hung poll ended yet";
  EXPECT_EQ(node("pg-0").poll_calls.running(), 1);
}

TEST_F(PollerTest, HurryPollsDeepAtOnce) {
  cadences.poll_interval = hours(1);
  cadences.position_interval = milliseconds(1);
  auto& pg = node("pg-1");
  node("pg-2");
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 2; }));
  poller->hurry("service", "pg-1");
  poller->hurry("service", "no such node");
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 2; }));
  EXPECT_THAT(pg.depths, ElementsAre(Depth::deep, Depth::deep));
  EXPECT_EQ(polls_of("pg-2"), 1U);
}

TEST_F(PollerTest, HurryWhilePollingPollsOnceMoreAfterwards) {
  cadences.poll_interval = hours(1);
  cadences.position_interval = milliseconds(1);
  auto& pg = node("pg-1");
  pg.before_poll[1] = [this] {
    poller->hurry("service", "pg-1");
    poller->hurry("service", "pg-1");
  };
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 2; }));
  EXPECT_EQ(pg.poll_calls.most_at_once, 1);
}

TEST_F(PollerTest, HurryAtEveryPollIsHeldToOneAPositionInterval) {
  cadences.poll_interval = hours(1);
  cadences.position_interval = milliseconds(50);
  auto& pg = node("pg-1");
  when_polled = [this](const Target& of) { poller->hurry(of.service, of.node); };
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 5; }));
  EXPECT_GT(pg.poll_times[4] - pg.poll_times[0], milliseconds(199));
}

TEST_F(PollerTest, ReloadKeepsTheSessionsOfUnchangedTargets) {
  auto& kept = node("kept");
  auto& removed = node("removed");
  auto& moved = node("moved");
  auto& added = node("added");
  start({target("kept"), target("removed"), target("moved")});
  ASSERT_TRUE(until([&] { return told.size() >= 6 && polls_of("moved") > 0; }));
  poller->poll({target("kept"), target("moved", false, "other key"), target("added")}, cadences);
  const auto last_of_removed = polls_of("removed");
  const auto before = polls_of("kept");
  ASSERT_TRUE(until(
      [&] { return polls_of("kept") > before + 3 && polls_of("added") > 2 && moved.opened == 2; }));
  EXPECT_EQ(kept.opened, 1);
  EXPECT_EQ(kept.closed, 0);
  EXPECT_EQ(removed.closed, 1);
  EXPECT_EQ(polls_of("removed"), last_of_removed);
  EXPECT_EQ(moved.closed, 1);
  EXPECT_EQ(added.opened, 1);
}

TEST_F(PollerTest, ReloadKeepsThePhase) {
  cadences.poll_interval = hours(1);
  auto& pg = node("pg-1");
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 1; }));
  node("pg-2");
  poller->poll(targets(), cadences);
  ASSERT_TRUE(until([&] { return polls_of("pg-2") == 1; }));
  EXPECT_EQ(pg.poll_calls.begun, 1);
}

TEST_F(PollerTest, ReloadToAShorterIntervalDoesNotWaitForTheLongerOne) {
  cadences.poll_interval = hours(1);
  node("pg-1");
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 1; }));
  cadences.poll_interval = milliseconds(20);
  poller->poll(targets(), cadences);
  EXPECT_TRUE(until([&] { return told.size() == 4; }));
}

TEST_F(PollerTest, AReloadedCollectorIsUsedOnceTheOldSessionFailed) {
  auto& pg = node("pg-1");
  start({target("pg-1", false, "key", "old")});
  ASSERT_TRUE(until([&] { return told.size() == 1; }));
  poller->poll({target("pg-1", false, "key", "new")}, cadences);
  ASSERT_TRUE(until([&] { return told.size() == 3; }));
  EXPECT_THAT(pg.opened_by, ElementsAre("old"));
  pg.polls = {{What::fails, Reason::reset}, {}};
  ASSERT_TRUE(until([&] { return pg.opened == 2; }));
  EXPECT_THAT(pg.opened_by, ElementsAre("old", "new"));
  EXPECT_EQ(pg.closed, 1);
}

TEST_F(PollerTest, ReloadFromWithinACallbackIsSafe) {
  node("pg-1");
  node("pg-2");
  when_polled = [this](const Target& of) {
    if (of.node == "pg-1") poller->poll({target("pg-2")}, cadences);
  };
  start(targets());
  ASSERT_TRUE(until([&] { return polls_of("pg-2") == 3 && node("pg-1").closed == 1; }));
  EXPECT_EQ(polls_of("pg-1"), 1U);
}

TEST_F(PollerTest, ATargetThatIsRemovedWhileItHangsIsCancelled) {
  auto& hung = node("hung");
  hung.polls = {{What::hangs}};
  start(targets());
  ASSERT_TRUE(until([&] { return hung.poll_calls.running() == 1; }));
  poller->poll({}, cadences);
  ASSERT_TRUE(until([&] { return hung.closed == 1; }));
  EXPECT_THAT(told, SizeIs(0));
}

TEST_F(PollerTest, DestructionEndsEveryCoroutineAndCallsNobody) {
  node("hung").polls = {{What::hangs}};
  node("idle");
  member("reading", Role::replica, "g").positions = {{What::hangs}};
  start(targets(true));
  ASSERT_TRUE(until([&] {
    return node("hung").poll_calls.running() == 1 && polls_of("idle") > 1 &&
           node("reading").position_calls.running() == 1;
  }));
  poller.reset();
  const auto told_before = told.size();
  const auto rounds_before = rounds.size();
  io.restart();
  io.run_for(seconds(20));
  EXPECT_TRUE(io.stopped()) << "a coroutine is still there";
  for (const auto& [name, each] : *nodes) EXPECT_EQ(each->closed, 1) << name;
  EXPECT_EQ(told.size(), told_before);
  EXPECT_EQ(rounds.size(), rounds_before);
}

TEST_F(PollerTest, DestructionBeforeTheFirstPollIsClean) {
  node("pg-1");
  start(targets(true));
  poller.reset();
  io.run_for(seconds(20));
  EXPECT_TRUE(io.stopped());
  EXPECT_THAT(told, SizeIs(0));
}

TEST_F(PollerTest, WhatIgnoresItsCancellationIsFreedWithTheLoop) {
  const auto all = nodes;
  cadences.poll_timeout = milliseconds(5);
  auto& stuck = node("stuck");
  stuck.polls = {{What::ignores}};
  {
    asio::io_context own;
    Poller gone(own.get_executor(), *this, limits);
    gone.poll(targets(), cadences);
    ASSERT_TRUE(run_until(own, [&] { return polls_of("stuck") == 2; }));
  }
  EXPECT_EQ(stuck.closed, 1);
}

TEST_F(PollerTest, SessionsConnectAtTheProcessWideRate) {
  limits.connects_per_second = 1;
  limits.connect_burst = 2;
  limits.start_spread = Duration(0);
  cadences.poll_interval = milliseconds(1);  // the spread is cut to it
  cadences.poll_timeout = milliseconds(100);
  for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    node(address).polls = {{What::connects}, {What::hangs}};
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() >= 3; }));
  const auto connected =
      std::count_if(told.begin(), told.begin() + 3, [](const Told& each) { return !each.failed; });
  EXPECT_EQ(connected, 2);
}

TEST_F(PollerTest, TheKeyForSecretsIsRandomAndOfThisPoller) {
  auto& pg = node("pg-1");
  start(targets());
  ASSERT_TRUE(until([&] { return told.size() == 1; }));
  const auto first = pg.hmac_key;
  start(targets());
  ASSERT_TRUE(until([&] { return pg.opened == 2; }));
  EXPECT_EQ(first.size(), 32U);
  EXPECT_NE(first, pg.hmac_key);
}

}  // namespace
}  // namespace mse
