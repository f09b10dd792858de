// Schedule: when a node is polled and how deep; and the order of a position round.
#include "exporter/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;

const Mono kStart{std::chrono::hours(1)};
const Cadences kCadences;  // 15 s narrow, 60 s deep

Schedule schedule(double chance) {
  return {kCadences, kStart, seconds(2), chance};
}

// Runs polls of no length until `end`; gives how long after the start each began.
std::vector<std::pair<int, Depth>> polls_until(Schedule& schedule, Mono end) {
  std::vector<std::pair<int, Depth>> polls;
  while (schedule.next().at < end) {
    const auto poll = schedule.next();
    polls.emplace_back(std::chrono::duration_cast<seconds>(poll.at - kStart).count(), poll.depth);
    schedule.succeeded(poll.depth, poll.at, poll.at);
  }
  return polls;
}

TEST(Schedule, FirstPollIsDeepAndWithinTheSpread) {
  for (const double chance : {0.0, 0.3, 0.999}) {
    const auto first = schedule(chance).next();
    EXPECT_EQ(first.depth, Depth::deep);
    EXPECT_GE(first.at, kStart);
    EXPECT_LT(first.at, kStart + seconds(2));
  }
}

TEST(Schedule, SpreadIsNeverLongerThanAnInterval) {
  const Schedule wide(kCadences, kStart, std::chrono::hours(1), 0.999);
  EXPECT_LT(wide.next().at, kStart + seconds(15));
}

TEST(Schedule, NarrowEveryPollIntervalAndDeepEveryDeepInterval) {
  auto nodes = schedule(0);
  const auto n = Depth::narrow;
  const auto d = Depth::deep;
  EXPECT_THAT(polls_until(nodes, kStart + seconds(130)),
              ElementsAre(std::pair(0, d), std::pair(15, n), std::pair(30, n), std::pair(45, n),
                          std::pair(60, d), std::pair(75, n), std::pair(90, n), std::pair(105, n),
                          std::pair(120, d)));
}

TEST(Schedule, NodesThatStartTogetherKeepDifferentPhases) {
  auto one = schedule(0.2);
  auto other = schedule(0.6);
  one.succeeded(Depth::deep, kStart, kStart + seconds(3));
  other.succeeded(Depth::deep, kStart, kStart + seconds(3));
  EXPECT_EQ(one.next().at, kStart + seconds(18));
  EXPECT_EQ(other.next().at, kStart + seconds(9));
}

// The instants within one interval at which a thousand nodes are polled, and how many at each.
std::map<Mono, int> instants_of_a_thousand(const Cadences& cadences) {
  const Duration interval = cadences.poll_interval;
  std::map<Mono, int> instants;
  for (int i = 0; i < 1000; ++i) {
    Schedule node(cadences, kStart, seconds(2), i / 1000.0);
    node.succeeded(Depth::deep, kStart, kStart + interval);
    ++instants[node.next().at];
  }
  EXPECT_LE(instants.rbegin()->first - instants.begin()->first, interval);
  return instants;
}

TEST(Schedule, NodesArePolledTogetherOnTicksThatShareTheLoadEvenly) {
  auto cadences = kCadences;
  for (const Duration interval : {Duration(seconds(15)), Duration(milliseconds(300))}) {
    cadences.poll_interval = interval;
    const auto instants = instants_of_a_thousand(cadences);
    EXPECT_EQ(instants.size(), 30U);
    for (const auto& [at, polls] : instants) EXPECT_THAT(polls, AllOf(Ge(33), Le(34)));
  }
}

TEST(Schedule, TicksOfALongIntervalAreNotFurtherApart) {
  auto cadences = kCadences;
  cadences.poll_interval = std::chrono::minutes(1);
  EXPECT_EQ(instants_of_a_thousand(cadences).size(), 120U);
}

// However long after one another they are made.
TEST(Schedule, NodesAddedLaterShareTheTicks) {
  Schedule later(kCadences, kStart + milliseconds(4321), seconds(2), 0.5);
  later.succeeded(Depth::deep, kStart + seconds(5), kStart + seconds(5));
  EXPECT_EQ((later.next().at - kStart) % milliseconds(500), Duration(0));
}

TEST(Schedule, DeepComesInTimeAlsoWhenTheFirstPollWasOffTheGrid) {
  auto node = schedule(0.9);  // first at 1.8 s, grid at 13.5 s, 28.5 s, …
  const auto polls = polls_until(node, kStart + seconds(120));
  std::vector<int> deep;
  for (const auto& [at, depth] : polls)
    if (depth == Depth::deep) deep.push_back(at);
  EXPECT_THAT(deep, ElementsAre(1, 58, 118));
}

TEST(Schedule, AnOverrunSkipsWhatItMissedAndKeepsThePhase) {
  auto node = schedule(0);
  node.succeeded(Depth::deep, kStart, kStart + seconds(47));
  EXPECT_EQ(node.next().at, kStart + seconds(60));
  EXPECT_EQ(node.next().depth, Depth::deep);
}

TEST(Schedule, APollThatEndsOnTheGridDoesNotPollAgainAtOnce) {
  auto node = schedule(0);
  node.succeeded(Depth::deep, kStart, kStart + seconds(15));
  EXPECT_EQ(node.next().at, kStart + seconds(30));
}

TEST(Schedule, AFailureWaitsAsToldAndThenReadsDeep) {
  auto node = schedule(0);
  node.succeeded(Depth::deep, kStart, kStart);
  node.failed(kStart + seconds(16), seconds(7));
  EXPECT_EQ(node.next().at, kStart + seconds(23));
  EXPECT_EQ(node.next().depth, Depth::deep);
}

TEST(Schedule, HurryReadsDeepAtOnce) {
  auto node = schedule(0);
  node.succeeded(Depth::deep, kStart, kStart);
  node.hurry(kStart + seconds(4));
  EXPECT_EQ(node.next().at, kStart + seconds(4));
  EXPECT_EQ(node.next().depth, Depth::deep);
}

TEST(Schedule, HurryNeverDelaysAPollThatIsDueAlready) {
  auto node = schedule(0);
  node.succeeded(Depth::deep, kStart, kStart);
  node.hurry(kStart + seconds(20));
  EXPECT_EQ(node.next().at, kStart + seconds(15));
}

TEST(Schedule, HurryDoesNotCutABackoffShort) {
  auto node = schedule(0);
  node.failed(kStart, seconds(60));
  node.hurry(kStart + seconds(1));
  EXPECT_EQ(node.next().at, kStart + seconds(60));
  node.succeeded(Depth::deep, kStart + seconds(60), kStart + seconds(60));
  node.hurry(kStart + seconds(61));
  EXPECT_EQ(node.next().at, kStart + seconds(61));
}

TEST(Schedule, OtherCadencesHoldFromTheNextPollOn) {
  auto node = schedule(0);
  Cadences faster = kCadences;
  faster.poll_interval = seconds(5);
  node.reconfigure(faster, kStart);
  node.succeeded(Depth::deep, kStart, kStart + milliseconds(1));
  EXPECT_EQ(node.next().at, kStart + seconds(5));
}

TEST(Schedule, AShorterIntervalDoesNotWaitForTheEndOfTheLongerOne) {
  Cadences slow = kCadences;
  slow.poll_interval = std::chrono::hours(1);
  Schedule node(slow, kStart, seconds(2), 0);
  node.succeeded(Depth::deep, kStart, kStart);
  node.reconfigure(kCadences, kStart + seconds(62));
  EXPECT_EQ(node.next().at, kStart + seconds(75));
}

TEST(Schedule, OtherCadencesDoNotCutABackoffShort) {
  auto node = schedule(0);
  node.failed(kStart, seconds(60));
  node.reconfigure(kCadences, kStart + seconds(1));
  EXPECT_EQ(node.next().at, kStart + seconds(60));
}

TEST(Rounds, ReplicasAreReadBeforeTheirPrimary) {
  const auto rounds = rounds_of({{"pg-1", Role::primary, "a", ""},
                                 {"pg-2", Role::replica, "a", ""},
                                 {"pg-3", Role::replica, "a", ""}});
  ASSERT_EQ(rounds.size(), 1U);
  EXPECT_THAT(rounds[0].first, ElementsAre("pg-2", "pg-3"));
  EXPECT_THAT(rounds[0].then, ElementsAre("pg-1"));
}

TEST(Rounds, GroupsDoNotWaitForEachOther) {
  const auto rounds = rounds_of({{"a-1", Role::primary, "a", ""},
                                 {"b-1", Role::primary, "b", ""},
                                 {"a-2", Role::replica, "a", ""},
                                 {"b-2", Role::replica, "b", ""}});
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_THAT(rounds[0].first, ElementsAre("a-2"));
  EXPECT_THAT(rounds[1].first, ElementsAre("b-2"));
  EXPECT_THAT(rounds[1].then, ElementsAre("b-1"));
}

TEST(Rounds, NodesOfUnknownGroupAreEachAlone) {
  const auto rounds = rounds_of({{"x", Role::none, "", ""}, {"y", Role::none, "", ""}});
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_THAT(rounds[0].first, ElementsAre("x"));
  EXPECT_THAT(rounds[0].then, IsEmpty());
  EXPECT_THAT(rounds[1].first, ElementsAre("y"));
}

TEST(Rounds, APrimaryThatNobodyFollowsIsNotRead) {
  EXPECT_THAT(rounds_of({{"a", Role::primary, "a", ""}, {"b", Role::primary, "b", ""}}), IsEmpty());
  const auto rounds = rounds_of({{"a", Role::primary, "a", ""}, {"lone", Role::replica, "b", ""}});
  ASSERT_EQ(rounds.size(), 1U) << "a replica tells whether its link is up";
  EXPECT_THAT(rounds[0].first, ElementsAre("lone"));
}

TEST(Rounds, APrimaryIsReadWhileItsReplicaDoesNotAnswerOrMayBeOneOfTheUnknown) {
  const auto silent =
      rounds_of({{"p", Role::primary, "a", ""}, {"r", Role::replica, "a", "", false}});
  ASSERT_EQ(silent.size(), 1U);
  EXPECT_THAT(silent[0].first, IsEmpty());
  EXPECT_THAT(silent[0].then, ElementsAre("p"));
  const auto unknown = rounds_of({{"p", Role::primary, "a", ""}, {"r", Role::none, "", "", false}});
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_THAT(unknown[0].then, ElementsAre("p"));
}

TEST(Rounds, TwoPrimariesOfAGroupAreBothReadLast) {
  const auto rounds = rounds_of({{"old", Role::primary, "a", ""},
                                 {"new", Role::primary, "a", ""},
                                 {"r", Role::replica, "a", ""}});
  ASSERT_EQ(rounds.size(), 1U);
  EXPECT_THAT(rounds[0].then, ElementsAre("old", "new"));
}

// As Redis tells of a replica that was made anew after a failover: it knows nothing of before.
TEST(Rounds, APrimaryIsReadLastWhereOnlyItKnowsTheFormerNameOfTheGroup) {
  const auto rounds = rounds_of({{"p", Role::primary, "Y", "X"}, {"r", Role::replica, "Y", ""}});
  ASSERT_EQ(rounds.size(), 1U);
  EXPECT_THAT(rounds[0].first, ElementsAre("r"));
  EXPECT_THAT(rounds[0].then, ElementsAre("p"));
}

TEST(Rounds, PrimariesOfOneLineageAreReadTogether) {
  const auto rounds = rounds_of({{"a", Role::primary, "Z", "Y"}, {"b", Role::primary, "Y", "X"}});
  ASSERT_EQ(rounds.size(), 1U);
  EXPECT_THAT(rounds[0].then, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace mse
