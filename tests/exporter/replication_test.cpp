// Replication groups by identity, lag in rounds, and lag told from drift.
#include "exporter/replication.h"

#include <gtest/gtest.h>

#include <deque>

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Mono at(double s) {
  return Mono{} + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

struct Fleet : ::testing::Test {
  std::deque<Member> nodes;
  ReplicationGroups groups;
  LagRounds lag;

  Member& add(const std::string& name, Role role, const std::string& group,
              const std::string& server, bool live = true) {
    Member& node = add_unread(name);
    node.identity = Identity{role, group, server, "1"};
    node.identified = live;
    return node;
  }
  Member& add_unread(const std::string& name) {
    nodes.emplace_back();
    nodes.back().settings.name = name;
    return nodes.back();
  }
  std::vector<Member*> all() {
    std::vector<Member*> out;
    for (Member& node : nodes) out.push_back(&node);
    return out;
  }
  void find() { groups.find(all()); }

  void applied(Member& node, std::uint64_t bytes, double s, const std::string& history = "1") {
    node.position = PositionReading{*node.identity, {history, bytes}, true, at(s)};
  }
  void round(const std::vector<Member*>& answered, double s) {
    lag.round(answered, groups, seconds(2), at(s));
  }
};

using Grouped = Fleet;
using Lagging = Fleet;

TEST_F(Grouped, NodesOfOneIdentityAreOneGroup) {
  add("a", Role::primary, "sys/db", "s1");
  add("b", Role::replica, "sys/db", "s2");
  find();
  EXPECT_TRUE(groups.single());
  EXPECT_EQ(groups.of(nodes[0])->servers, 2);
  EXPECT_EQ(groups.of(nodes[0]), groups.of(nodes[1]));
}

TEST_F(Grouped, TwoDatabasesOfOneServerAreTwoGroups) {
  add("a", Role::primary, "sys/one", "s1");
  add("b", Role::primary, "sys/two", "s1");
  find();
  EXPECT_FALSE(groups.single());
  EXPECT_NE(groups.of(nodes[0]), groups.of(nodes[1]));
  EXPECT_FALSE(groups.of(nodes[0])->two_primaries);
}

TEST_F(Grouped, WithOnePrimaryServerAndOneDatabaseAllNodesAreOneGroup) {
  add("a", Role::primary, "sys/db", "s1");
  add("b", Role::replica, "other/db", "s2");
  add_unread("c");
  find();
  EXPECT_TRUE(groups.single());
  EXPECT_EQ(groups.of(nodes[0])->servers, 3);
}

TEST_F(Grouped, IndependentServersAreGroupsOfTheirOwn) {
  add("a", Role::primary, "s1/db", "s1");
  add("b", Role::primary, "s2/db", "s2");
  add_unread("c");
  find();
  EXPECT_FALSE(groups.single());
  EXPECT_EQ(groups.of(nodes[0])->servers, 1);
  EXPECT_EQ(groups.of(nodes[2]), nullptr);
}

TEST_F(Grouped, NodesWithoutAnyIdentityAreNoGroup) {
  add_unread("a");
  add_unread("b");
  find();
  EXPECT_FALSE(groups.single());
  EXPECT_EQ(groups.of(nodes[0]), nullptr);
}

TEST_F(Grouped, TwoPrimariesAreTwoServersOfOneGroup) {
  add("a", Role::primary, "sys/db", "s1");
  Member& old = add("b", Role::primary, "sys/db", "s2", false);
  find();
  EXPECT_FALSE(groups.of(nodes[0])->two_primaries);
  old.identified = true;
  find();
  EXPECT_TRUE(groups.of(nodes[0])->two_primaries);
}

TEST_F(Grouped, TwoNodesOnOnePrimaryServerAreNotTwoPrimaries) {
  add("a", Role::primary, "sys/db", "s1");
  add("b", Role::primary, "sys/db", "s1");
  find();
  EXPECT_FALSE(groups.of(nodes[0])->two_primaries);
  EXPECT_EQ(groups.of(nodes[0])->servers, 1);
}

// As Redis names histories: anew at each failover, with the name before.
TEST_F(Grouped, TwoPrimariesAreSeenFromTheSecondFailoverOn) {
  Member& a = add("a", Role::primary, "Z", "s1");
  Member& b = add("b", Role::primary, "Y", "s2");
  a.identity->former_group = "Y";
  b.identity->former_group = "X";
  find();
  EXPECT_TRUE(groups.single());
  ASSERT_EQ(groups.of(a), groups.of(b));
  EXPECT_EQ(groups.of(a)->servers, 2);
  EXPECT_TRUE(groups.of(a)->two_primaries);
}

TEST_F(Grouped, AReplicaMadeAnewAfterAFailoverBelongsToItsPrimary) {
  Member& b = add("b", Role::primary, "Y", "s2");
  Member& a = add("a", Role::replica, "Y", "s1");
  Member& other = add("other", Role::primary, "O", "s3");
  b.identity->former_group = "X";
  find();
  EXPECT_FALSE(groups.single());
  EXPECT_EQ(groups.of(a), groups.of(b));
  EXPECT_NE(groups.of(a), groups.of(other));
}

TEST_F(Grouped, AnOldPrimaryThatSleptThroughTwoFailoversIsOfTheGroup) {
  Member& a = add("a", Role::primary, "X", "s1");
  Member& b = add("b", Role::primary, "Y", "s2");
  add("other", Role::primary, "O", "s3");
  b.identity->former_group = "X";
  find();
  b.identity->group = "Z";
  b.identity->former_group = "Y";
  find();
  EXPECT_TRUE(groups.of(a)->two_primaries);
  EXPECT_EQ(groups.of(b)->name, "X") << "named as before";
}

TEST_F(Lagging, IsZeroOnAnIdlePairAndGrowsFromTheMomentThePrimaryMoved) {
  Member& primary = add("p", Role::primary, "g", "s1");
  Member& replica = add("r", Role::replica, "g", "s2");
  find();
  for (int s = 0; s <= 10; ++s) {
    applied(replica, 100, s);
    applied(primary, 100, s);
    round({&replica, &primary}, s);
  }
  EXPECT_EQ(replica.lag.time, Duration::zero());
  EXPECT_EQ(lag.within(), 11U);
  for (int s = 11; s <= 20; ++s) {
    applied(replica, 100, s);
    applied(primary, 200, s);
    round({&replica, &primary}, s);
  }
  EXPECT_EQ(replica.lag.time, seconds(10));
  EXPECT_EQ(replica.lag.bytes, 100U);
  EXPECT_EQ(lag.within(), 13U);
  EXPECT_EQ(lag.outside(), 8U);
}

TEST_F(Lagging, IsAbsentWhenThePrimaryCannotBeReadAndCountsNowhere) {
  Member& primary = add("p", Role::primary, "g", "s1");
  Member& replica = add("r", Role::replica, "g", "s2");
  find();
  applied(replica, 50, 0);
  applied(primary, 100, 0);
  round({&replica, &primary}, 0);
  const auto counted = lag.within() + lag.outside();
  applied(replica, 50, 1);
  round({&replica}, 1);
  EXPECT_EQ(replica.lag.time, std::nullopt);
  EXPECT_EQ(lag.within() + lag.outside(), counted);
  round({}, 2);
  applied(replica, 100, 3);
  applied(primary, 100, 3);
  round({&replica, &primary}, 3);
  EXPECT_EQ(replica.lag.time, Duration::zero());
}

TEST_F(Lagging, BeforeTheOldestSampleIsAbsentButOutsideOnceThatIsOlderThanTheObjective) {
  Member& primary = add("p", Role::primary, "g", "s1");
  Member& replica = add("r", Role::replica, "g", "s2");
  find();
  for (int s = 0; s <= 3; ++s) {
    applied(replica, 10, s);
    applied(primary, 1000, s);
    round({&replica, &primary}, s);
    EXPECT_EQ(replica.lag.time, std::nullopt);
    EXPECT_EQ(lag.outside(), s == 3 ? 1U : 0U) << s;
  }
  EXPECT_EQ(lag.within(), 0U);
}

TEST_F(Lagging, IsAbsentWithTwoPrimaries) {
  Member& primary = add("p", Role::primary, "g", "s1");
  Member& old = add("q", Role::primary, "g", "s3");
  Member& replica = add("r", Role::replica, "g", "s2");
  find();
  applied(replica, 100, 0);
  applied(primary, 100, 0);
  applied(old, 100, 0);
  round({&replica, &primary, &old}, 0);
  EXPECT_EQ(replica.lag.time, std::nullopt);
}

TEST_F(Lagging, IsAbsentOnADifferentHistoryAndStartsAnewWithAPromotion) {
  Member& primary = add("p", Role::primary, "g", "s1");
  Member& replica = add("r", Role::replica, "g", "s2");
  find();
  applied(replica, 100, 0, "1");
  applied(primary, 100, 0, "2");
  round({&replica, &primary}, 0);
  EXPECT_EQ(replica.lag.time, std::nullopt);
  applied(replica, 90, 1, "2");
  applied(primary, 100, 1, "2");
  round({&replica, &primary}, 1);
  EXPECT_EQ(replica.lag.time, std::nullopt);
  applied(replica, 100, 2, "2");
  applied(primary, 100, 2, "2");
  round({&replica, &primary}, 2);
  EXPECT_EQ(replica.lag.time, Duration::zero());
}

TEST_F(Lagging, OfSeveralGroupsIsMeasuredInEach) {
  Member& p1 = add("p1", Role::primary, "g1", "s1");
  Member& r1 = add("r1", Role::replica, "g1", "s2");
  Member& p2 = add("p2", Role::primary, "g2", "s3");
  Member& r2 = add("r2", Role::replica, "g2", "s4");
  find();
  for (int s = 0; s < 2; ++s) {
    applied(r1, 100, s);
    applied(p1, 100, s);
    applied(r2, 500, s);
    applied(p2, s == 0 ? 500U : 900U, s);
    round({&r1, &p1, &r2, &p2}, s);
  }
  EXPECT_EQ(r1.lag.time, Duration::zero());
  EXPECT_EQ(r2.lag.time, seconds(1));
}

TEST_F(Lagging, IsShownOfReplicasOnly) {
  Member& primary = add("p", Role::primary, "g", "s1");
  applied(primary, 100, 0);
  EXPECT_EQ(lag_of(primary, at(0), seconds(3)), std::nullopt);
  EXPECT_EQ(lag_of(add_unread("x"), at(0), seconds(3)), std::nullopt);
}

TEST_F(Lagging, OutlivesAMissedRoundAndThenIsAbsent) {
  Member& replica = add("r", Role::replica, "g", "s2");
  applied(replica, 100, 0);
  replica.lag.time = seconds(1);
  EXPECT_EQ(lag_of(replica, at(3), seconds(3))->time, seconds(1));
  EXPECT_EQ(lag_of(replica, at(3.1), seconds(3))->time, std::nullopt);
}

// Lag or drift.

struct LagOrDrift : ::testing::Test {
  StateRef canonical = std::make_shared<const State>(State{{2, ""}, "B", {}});
  StateRef behind = std::make_shared<const State>(State{{1, ""}, "A", {}});
  FirstRead primary{canonical, Position{"1", 1000}};
  Sighting replica;
  std::optional<Lag> lag = Lag{seconds(3), 900, std::nullopt};

  void read(std::optional<Position> position, bool replicated = true) {
    replica.see(behind, replicated, std::move(position), {});
  }
  bool is_lag() const { return mse::is_lag(replica, canonical, primary, lag, seconds(2)); }
};

TEST_F(LagOrDrift, IsLagWhileTheReplicaWasReadBeforeItCouldHaveTheNewState) {
  read(Position{"1", 999});
  EXPECT_TRUE(is_lag());
  read(Position{"1", 1000});
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, IsDriftFromTenTimesTheObjectiveOn) {
  read(Position{"1", 100});
  lag->time = seconds(20) - Duration(1);
  EXPECT_TRUE(is_lag());
  lag->time = seconds(20);
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, AbsentLagIsNotAllowed) {
  read(Position{"1", 100});
  lag->time.reset();
  EXPECT_FALSE(is_lag());
  lag.reset();
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, PositionsOfOtherHistoriesDoNotCompare) {
  read(Position{"2", 100});
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, IsDriftWithoutAPosition) {
  read(std::nullopt);
  EXPECT_FALSE(is_lag());
  read(Position{"1", 100});
  primary.position.reset();
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, IsDriftInADimensionThatIsNotReplicated) {
  read(Position{"1", 100}, false);
  EXPECT_FALSE(is_lag());
}

TEST_F(LagOrDrift, IsDriftWhenThePrimaryIsNotAtTheCanonicalEither) {
  read(Position{"1", 100});
  primary.state = behind;
  EXPECT_FALSE(is_lag());
}

}  // namespace
}  // namespace mse
