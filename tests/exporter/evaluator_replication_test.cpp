// A primary and its replicas through a whole service: lag, failover, two primaries.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Two PostgreSQL-like servers of one system whose schema travels with the data.
struct Pair : ::testing::Test {
  ServiceStory story{ServiceStory::nodes({"a", "b"}), {"replication_history", "schema"}};
  std::map<std::string, std::uint64_t> applied{{"a", 100}, {"b", 100}};
  std::map<std::string, bool> link{{"b", true}};

  void SetUp() override {
    be("a", Role::primary, "tl1");
    be("b", Role::replica, "tl1");
    schema("a", "A");
    schema("b", "A");
    story.round();
    positions();
  }
  void be(const std::string& node, Role role, const std::string& history) {
    story.answers[node].identity = Identity{role, "sys/db", "server-" + node, history};
    story.is(node, history, "replication_history");
  }
  // What the node's schema is, read at what it has applied.
  void schema(const std::string& node, const std::string& text) {
    Reading& reading = story.answers[node].dimensions["schema"];
    reading.outcome = state_of(text);
    reading.replicated = true;
    reading.position = Position{story.answers[node].identity->history, applied[node]};
  }
  void positions() {
    std::map<std::string, PositionReading> round;
    for (const auto& [node, answer] : story.answers) {
      if (story.failures.contains(node)) continue;
      round[node] = PositionReading{
          *answer.identity, {answer.identity->history, applied[node]}, std::nullopt, story.mono};
      if (link.contains(node)) round[node].link_up = link[node];
    }
    story.evaluator.positions(round, story.now());
  }
  void seconds_pass(int n) {
    for (int i = 0; i < n; ++i) {
      story.pass(seconds(1));
      positions();
    }
    story.evaluate();
  }
  std::optional<Duration> lag(const std::string& node) const {
    return story.node_view(node).lag.value().time;
  }
};

TEST_F(Pair, StoryA_AMigratedPrimaryLeavesItsStandbyInTransitionUntilItsNextRead) {
  applied["a"] = 200;
  schema("a", "B");
  seconds_pass(1);
  story.poll("a");
  story.evaluate();
  EXPECT_EQ(story.canonical("schema"), "B");
  EXPECT_EQ(story.at("b", "schema").allowance, AllowanceSource::lag);
  EXPECT_EQ(story.evaluator.reread(), std::vector<std::string>{"b"});
  applied["b"] = 200;
  seconds_pass(3);
  EXPECT_EQ(story.evaluator.reread(), std::vector<std::string>{"b"});
  schema("b", "B");
  story.poll("b");
  story.evaluate();
  EXPECT_EQ(story.status("b", "schema"), Status::canonical);
  story.rounds(2);
  EXPECT_FALSE(story.dimension("schema").open_change);
  EXPECT_EQ(story.outcomes(Outcome::converged, "schema"), 1U);
  EXPECT_EQ(story.view->node_seconds.at(static_cast<std::size_t>(Status::divergent)), 0);
}

TEST_F(Pair, AStandbyReadAtOrPastThePrimarysFirstReadIsDriftNotLag) {
  applied["a"] = applied["b"] = 200;
  schema("a", "B");
  schema("b", "A");
  seconds_pass(1);
  story.poll("a");
  story.poll("b");
  story.evaluate();
  EXPECT_EQ(story.status("b", "schema"), Status::divergent);
}

TEST_F(Pair, LagBeyondTenTimesItsObjectiveIsDrift) {
  applied["a"] = 200;
  schema("a", "B");
  seconds_pass(1);
  story.poll("a");
  seconds_pass(18);
  EXPECT_EQ(story.status("b", "schema"), Status::transition);
  seconds_pass(2);
  EXPECT_EQ(story.status("b", "schema"), Status::divergent);
}

TEST_F(Pair, AStandbyThatIsReadBeforeItsPrimaryHasThatReadAtOnce) {
  applied["a"] = applied["b"] = 200;
  schema("b", "B");
  story.poll("b");
  EXPECT_EQ(story.evaluator.reread(), std::vector<std::string>{"a"});
  EXPECT_TRUE(story.evaluator.reread().empty());
}

TEST_F(Pair, LagCoversAccessPolicyAndTheSchemaCompatibleVerdict) {
  auto settings = ServiceStory::nodes({"a", "b"});
  settings.compatible["schema"] = {{"X", "Y"}};
  story.evaluator.reconfigure(settings, Cadences{});
  applied["a"] = 200;
  schema("a", "B");
  seconds_pass(1);
  story.poll("a");
  story.evaluate();
  EXPECT_EQ(story.dimension("schema").compatible, true);
}

TEST_F(Pair, StoryI_AStandbyCutOffShowsItsLinkAndGrowingLag) {
  link["b"] = false;
  applied["a"] = 3'000'000;
  seconds_pass(5);
  EXPECT_EQ(story.node_view("b").link_up, false);
  EXPECT_EQ(lag("b"), seconds(5));
  EXPECT_EQ(story.node_view("b").lag->bytes, 2'999'900U);
  seconds_pass(595);
  EXPECT_EQ(lag("b"), seconds(600));
  EXPECT_GE(story.view->lag_outside, 590U);
  link["b"] = true;
  applied["b"] = 3'000'000;
  seconds_pass(1);
  EXPECT_EQ(lag("b"), Duration::zero());
  EXPECT_FALSE(story.node_view("a").lag);
}

TEST_F(Pair, LagIsAbsentWhileThePrimaryIsUnreadable) {
  story.fails("a");
  seconds_pass(1);
  EXPECT_EQ(lag("b"), std::nullopt);
}

TEST_F(Pair, StoryG_AfterAPromotionTheLastCanonicalIsKeptAndTheReturnOfTheOldPrimaryIsDivergent) {
  story.fails("a");
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "A");
  EXPECT_EQ(story.status("b", "schema"), Status::canonical);
  be("b", Role::primary, "tl2");
  schema("b", "B");
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "B");
  story.answers_again("a");
  story.next_round();
  EXPECT_EQ(story.dimension("schema").canonical.at("").missing, NoCanonical::two_primaries);
  EXPECT_EQ(story.dimension("schema").nodes, (PerStatus<int>{0, 0, 0, 2}));
  EXPECT_EQ(story.status("a", "replication_history"), Status::divergent);
  be("a", Role::replica, "tl1");
  story.next_round();
  EXPECT_EQ(story.status("b", "replication_history"), Status::canonical);
  EXPECT_EQ(story.status("a", "replication_history"), Status::divergent);
}

TEST_F(Pair, WithoutAPrimaryForLongerThanTwiceTheObjectiveEveryNodeIsUnknown) {
  story.fails("a");
  story.rounds(40);
  EXPECT_EQ(story.status("b", "schema"), Status::canonical);
  story.rounds(2);
  EXPECT_EQ(story.dimension("schema").canonical.at("").missing, NoCanonical::no_primary);
  EXPECT_EQ(story.status("b", "schema"), Status::unknown);
}

TEST_F(Pair, DefaultsToThePrimarysState) {
  schema("a", "B");
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "B");
}

TEST_F(Pair, APromotionSeenInAPositionRoundHasTheNodeReadAgain) {
  story.evaluator.reread();
  be("b", Role::primary, "tl2");
  positions();
  EXPECT_EQ(story.evaluator.reread(), std::vector<std::string>{"b"});
}

TEST_F(Pair, AReplicaGroupOfCompareWithinUsesTheMajority) {
  auto settings = ServiceStory::nodes({"a", "b"});
  settings.compare_within["schema"] = {"role"};
  story.evaluator.reconfigure(settings, Cadences{});
  schema("a", "B");
  story.next_round();
  story.next_round();
  EXPECT_EQ(story.canonical("schema", "primary"), "B");
  EXPECT_EQ(story.canonical("schema", "replica"), "A");
  story.fails("b");
  story.next_round();
  EXPECT_EQ(story.canonical("schema", "replica"), "A");
  EXPECT_EQ(story.status("b", "schema"), Status::unknown);
}

TEST(AMissingPrimary, AtTheFirstRoundMakesWhatItsReturnFindsOutsidePreexisting) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}));
  story.answers["a"].identity = Identity{Role::primary, "sys/db", "a", "1"};
  story.answers["b"].identity = Identity{Role::replica, "sys/db", "b", "1"};
  story.is("a", "A");
  story.is("b", "B");
  story.fails("a");
  story.round();
  EXPECT_TRUE(story.dimension().preexisting_canonical_missing);
  EXPECT_EQ(story.status("b"), Status::unknown);
  story.answers_again("a");
  story.next_round();
  EXPECT_EQ(story.status("b"), Status::divergent);
  EXPECT_TRUE(story.at("b").preexisting);
}

TEST(ANodeNeverRead, IsUnknownWhereGroupsGoByRole) {
  auto settings = ServiceStory::nodes({"a", "b"});
  settings.compare_within["config"] = {"role"};
  ServiceStory story(settings);
  story.is("a", "A");
  story.is("b", "B");
  story.fails("b", Reason::dns);
  story.round();
  EXPECT_EQ(story.status("b"), Status::unknown);
  EXPECT_EQ(story.at("b").reason, Reason::dns);
  EXPECT_EQ(story.node_view("b").exposure, Status::unknown);
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{1, 0, 1, 0}));
  EXPECT_EQ(story.dimension().canonical.size(), 1U);
}

TEST(IndependentServers, HaveNoReplicationHistoryToCompareAndUseTheMajority) {
  ServiceStory story(ServiceStory::nodes({"x", "y", "z"}), {"config", "replication_history"});
  for (const std::string node : {"x", "y", "z"}) {
    story.answers[node].identity = Identity{Role::primary, node + "/db", node, "tl-" + node};
    story.is(node, "tl-" + node, "replication_history");
    story.is(node, node == "z" ? "2" : "1");
  }
  story.round();
  EXPECT_FALSE(story.view->dimensions.contains("replication_history"));
  EXPECT_EQ(story.node_view("x").exposure, Status::canonical);
  EXPECT_EQ(story.status("z"), Status::divergent);
  EXPECT_EQ(story.canonical(), "1");
}

}  // namespace
}  // namespace mse
