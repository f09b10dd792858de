// The stories of semantics 10 and the traps of issue 5, asked at the gate through a whole service.
#include <gtest/gtest.h>

#include "exporter/gate.h"
#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::string> names(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back("p" + std::to_string(i));
  return out;
}

void are(ServiceStory& story, const std::string& states, const std::string& dimension = "config") {
  for (std::size_t i = 0; i < states.size(); ++i)
    story.is("p" + std::to_string(i), states.substr(i, 1), dimension);
}

GateAnswer answer_of(const ServiceStory& story, const GateQuestion& question = {}) {
  return gate(story.view.value(), question, {seconds(1), seconds(60)});
}
Verdict verdict(const ServiceStory& story, const GateQuestion& question = {}) {
  return answer_of(story, question).verdict;
}
GateCode code(const ServiceStory& story, const GateQuestion& question = {}) {
  return answer_of(story, question).reasons.at(0).code;
}

Declaration declaration(const std::string& state, const std::string& deploy = "d-1") {
  Declaration out;
  out.state = state;
  out.deploy_id = deploy;
  return out;
}

const GateQuestion kToB{"d-1", "B", "config"};

// Ten pods at A; each step one old pod is gone and a new one is born.
struct GateOfPods : ::testing::Test {
  ServiceStory story{ServiceSettings{}};
  int born = 10;

  void SetUp() override {
    story.evaluator.inventory(ServiceStory::list(names(0, 10)), story.now());
    are(story, "AAAAAAAAAA");
    story.round();
  }
  void replace_one(const std::string& state) {
    story.forget("p" + std::to_string(born - 10));
    ++born;
    story.evaluator.inventory(ServiceStory::list(names(born - 10, born)), story.now());
    story.is("p" + std::to_string(born - 1), state);
    story.next_round();
  }
};

TEST_F(GateOfPods, StoryB_AnUndeclaredRolloutGoesForItsCallerAndHoldsOthers) {
  for (int step = 0; step < 9; ++step) {
    replace_one("B");
    EXPECT_EQ(verdict(story, kToB), Verdict::go) << step;
    EXPECT_EQ(verdict(story, {"d-2", "C", "config"}), Verdict::hold) << step;
  }
  replace_one("B");
  story.rounds(2);
  EXPECT_EQ(verdict(story), Verdict::go);
}

TEST_F(GateOfPods, StoryB_IsHeldWhileOneNodeHasSomethingElseAndGoesOnAfterTheRepair) {
  for (int step = 0; step < 3; ++step) replace_one("B");
  replace_one("X");
  EXPECT_EQ(code(story, kToB), GateCode::divergent_nodes);
  story.is("p13", "B");
  story.next_round();
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
}

TEST_F(GateOfPods, StoryB_PastTheMajorityAWrongNodeStillHolds) {
  for (int step = 0; step < 7; ++step) replace_one("B");
  replace_one("X");
  EXPECT_EQ(code(story, kToB), GateCode::divergent_nodes);
}

TEST_F(GateOfPods, StoryC_ADeclaredRolloutGoesForAllUntilItIsOverdue) {
  story.evaluator.declare("config", declaration("B"), story.now());
  for (int step = 0; step < 5; ++step) replace_one("B");
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
  EXPECT_EQ(verdict(story), Verdict::go);
  EXPECT_EQ(answer_of(story, kToB).converged, 0.5);
  story.rounds(20);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
  EXPECT_EQ(code(story), GateCode::change_overdue);
}

TEST_F(GateOfPods, StoryD_ACanaryOfOneNodeInTenIsNotHeldByItself) {
  Declaration canary = declaration("B");
  canary.nodes = {"p3"};
  canary.deadline = story.in(hours(48));
  story.evaluator.declare("config", canary, story.now());
  story.is("p3", "B");
  story.rounds(2);
  EXPECT_EQ(story.status("p3"), Status::transition);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
  EXPECT_EQ(verdict(story), Verdict::go);
}

TEST_F(GateOfPods, AnUndeclaredCanaryIsNotHeldByItselfEither) {
  story.is("p3", "B");
  story.rounds(4);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
}

TEST_F(GateOfPods, StoryF_AfterARestartUnknownUntilTheFirstRoundAndThenAsBefore) {
  story.evaluator.declare("config", declaration("B"), story.now());
  for (int step = 0; step < 3; ++step) replace_one("B");
  ServiceStory after{ServiceSettings{}};
  after.wall = story.in(seconds(5));
  after.answers = story.answers;
  after.evaluator.restore(story.evaluator.remember(story.now()), after.now());
  after.evaluator.inventory(ServiceStory::list(names(born - 10, born)), after.now());
  after.evaluate();
  ASSERT_FALSE(after.view);
  after.round();
  EXPECT_EQ(verdict(after, kToB), Verdict::go);
  EXPECT_EQ(after.view->burn, Burn{});
}

TEST_F(GateOfPods, StoryJ_ScaledToZeroIsUnknown) {
  story.evaluator.inventory({}, story.now());
  story.rounds(50);
  ASSERT_TRUE(story.view->nodes.empty());
  EXPECT_EQ(code(story), GateCode::no_nodes);
}

TEST_F(GateOfPods, StoryK_AnUnreadableNodeIsUnknownDuringTheRolloutToo) {
  replace_one("B");
  story.fails("p5");
  story.next_round();
  EXPECT_EQ(code(story, kToB), GateCode::unknown_nodes);
  story.answers_again("p5");
  story.next_round();
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
}

TEST_F(GateOfPods, AllNodesUnknownIsUnknown) {
  for (const std::string& node : names(0, 10)) story.fails(node);
  story.next_round();
  EXPECT_EQ(verdict(story, kToB), Verdict::unknown);
}

TEST_F(GateOfPods, TwoChangesAtOnceEachGoUntilOneIsOverdue) {
  ServiceStory two{ServiceStory::nodes(names(0, 4)), {"config", "software_version"}};
  are(two, "AAAA");
  are(two, "1111", "software_version");
  two.round();
  two.evaluator.declare("config", declaration("B"), two.now());
  two.is("p0", "B");
  two.rounds(12);
  Declaration second = declaration("2", "d-2");
  second.deadline = two.in(hours(1));
  two.evaluator.declare("software_version", second, two.now());
  two.is("p0", "2", "software_version");
  two.next_round();
  const GateQuestion to_2{"d-2", "2", "software_version"};
  EXPECT_EQ(verdict(two, kToB), Verdict::go);
  EXPECT_EQ(verdict(two, to_2), Verdict::go);
  two.rounds(10);
  EXPECT_EQ(code(two, to_2), GateCode::change_overdue);
  EXPECT_EQ(verdict(two, kToB), Verdict::go);
}

TEST_F(GateOfPods, MaintenanceLetsAllGoButDriftOfAccessPolicy) {
  ServiceStory in{ServiceStory::nodes(names(0, 4)), {"access_policy", "config"}};
  are(in, "AAAA");
  are(in, "PPPP", "access_policy");
  in.round();
  in.evaluator.maintenance(Evaluator::OpenMaintenance{in.in(hours(1)), "vacuum"});
  in.is("p0", "X");
  in.next_round();
  EXPECT_EQ(verdict(in), Verdict::go);
  in.is("p0", "Q", "access_policy");
  in.next_round();
  EXPECT_EQ(code(in), GateCode::access_policy_drift);
}

TEST(GateStories, StoryE_ConfigPushedToOneOfTwoNodes) {
  ServiceStory story{ServiceStory::nodes(names(0, 2))};
  are(story, "AA");
  story.rounds(2);
  story.is("p1", "B");
  story.next_round();
  EXPECT_EQ(code(story), GateCode::divergent_nodes);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);

  ServiceStory from_the_start{ServiceStory::nodes(names(0, 2))};
  are(from_the_start, "AB");
  from_the_start.rounds(2);
  EXPECT_EQ(code(from_the_start, kToB), GateCode::no_canonical);
}

TEST(GateStories, StoryH_OldDriftOfTenantsHoldsNobodyNewDriftDoes) {
  ServiceStory story{ServiceStory::nodes(names(0, 10))};
  are(story, "AAAAAAAABC");
  story.rounds(2);
  EXPECT_EQ(verdict(story), Verdict::go);
  story.is("p0", "D");
  story.next_round();
  EXPECT_EQ(answer_of(story).reasons.at(0).nodes, std::vector<std::string>{"p0"});
}

TEST(GateStories, TheDeployThatRepairsIsLetThroughAlsoWhenTheDriftIsOverdue) {
  ServiceStory story{ServiceStory::nodes(names(0, 5))};
  are(story, "AAAAA");
  story.rounds(2);
  story.is("p4", "X");
  story.rounds(2);
  const GateQuestion repair{"fix", "A", "config"};
  EXPECT_EQ(verdict(story), Verdict::hold);
  EXPECT_EQ(verdict(story, repair), Verdict::go);
  story.rounds(40);
  ASSERT_TRUE(story.dimension().open_change->overdue);
  EXPECT_EQ(verdict(story), Verdict::hold);
  EXPECT_EQ(verdict(story, repair), Verdict::go);
}

TEST(GateStories, OneNodeGoesAloneAndIsUnknownWhenItCannotBeRead) {
  ServiceStory story{ServiceStory::nodes(names(0, 1))};
  are(story, "A");
  story.rounds(2);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
  story.is("p0", "B");
  story.rounds(3);
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
  story.fails("p0");
  story.next_round();
  EXPECT_EQ(verdict(story, kToB), Verdict::unknown);
}

// A primary with a standby, whose schema follows the primary.
struct GateOfPair : ::testing::Test {
  ServiceStory story{ServiceStory::nodes({"p0", "p1"}), {"schema"}};

  void SetUp() override {
    be("p0", Role::primary);
    be("p1", Role::replica);
    are(story, "AA", "schema");
    story.rounds(2);
  }
  void be(const std::string& node, Role role) {
    story.answers[node].identity = Identity{role, "sys/db", "server-" + node, "tl1"};
  }
};

TEST_F(GateOfPair, StoryG_APrimaryThatJustMovedIsUnknownThenGoes) {
  EXPECT_EQ(verdict(story), Verdict::go);
  story.fails("p0");
  story.next_round();
  EXPECT_EQ(code(story), GateCode::unknown_nodes);
  be("p1", Role::primary);
  story.next_round();
  EXPECT_EQ(code(story), GateCode::unknown_nodes);
  story.answers_again("p0");
  story.next_round();
  EXPECT_EQ(code(story), GateCode::no_canonical);
  be("p0", Role::replica);
  story.next_round();
  EXPECT_EQ(verdict(story), Verdict::go);
}

// Serves 100 requests a poll on each of four nodes, one of which goes astray in a declared change.
struct GateOfTraffic : ::testing::Test {
  ServiceStory story{ServiceStory::nodes(names(0, 4))};
  std::uint64_t served = 0;

  void SetUp() override {
    are(story, "AAAA");
    serve(100, minutes(1));
    story.evaluator.declare("config", declaration("B"), story.now());
    are(story, "BBXA");
  }
  void serve(std::uint64_t requests, Duration time) {
    for (const Mono end = story.mono + time; story.mono < end;) {
      served += requests;
      for (auto& [node, answer] : story.answers) answer.requests = served;
      story.next_round();
    }
  }
};

TEST_F(GateOfTraffic, TheFourTimesRuleRollsBackAfterFifteenMinutesWithoutPrometheus) {
  serve(100, minutes(14));
  EXPECT_EQ(verdict(story, kToB), Verdict::hold);
  serve(100, minutes(2));
  ASSERT_TRUE(story.view->by_requests);
  EXPECT_EQ(code(story, kToB), GateCode::exposure_burn);
  EXPECT_EQ(verdict(story, {"d-2", "", ""}), Verdict::hold);
  EXPECT_EQ(answer_of(story, oldest_caller(*story.view)).verdict, Verdict::rollback);
}

TEST_F(GateOfTraffic, WithoutTrafficNothingBurns) {
  serve(0, minutes(20));
  EXPECT_EQ(story.view->burn, Burn{});
  EXPECT_EQ(verdict(story, kToB), Verdict::hold);
}

TEST_F(GateOfTraffic, FiveGoodMinutesEndThePause) {
  serve(100, minutes(17));
  EXPECT_EQ(verdict(story, kToB), Verdict::rollback);
  are(story, "BBBA");
  serve(100, minutes(6));
  EXPECT_EQ(verdict(story, oldest_caller(*story.view)), Verdict::rollback);
  are(story, "BBBB");
  serve(100, minutes(6));
  EXPECT_EQ(verdict(story, kToB), Verdict::go);
}

TEST_F(GateOfTraffic, NeverRollsBackOutOfUnknown) {
  serve(100, minutes(17));
  story.fails("p3");
  serve(100, minutes(1));
  EXPECT_EQ(verdict(story, kToB), Verdict::unknown);
}

TEST_F(GateOfTraffic, AStepOfTheClockChangesNothing) {
  serve(100, minutes(8));
  story.wall -= hours(3);
  serve(100, minutes(2));
  EXPECT_EQ(verdict(story, kToB), Verdict::hold);
  EXPECT_NEAR(story.view->burn[1].value(), 0.25, 0.01);
  serve(100, minutes(6));
  EXPECT_EQ(verdict(story, kToB), Verdict::rollback);
}

TEST(GateStories, GroupsHaveChangesOfTheirOwn) {
  ServiceSettings settings = ServiceStory::nodes(names(0, 6));
  for (std::size_t i = 0; i < 6; ++i) settings.nodes[i].labels["region"] = i < 3 ? "eu" : "us";
  settings.compare_within["config"] = {"region"};
  ServiceStory story{settings};
  are(story, "AAAAAA");
  story.rounds(2);
  story.is("p0", "X");
  story.rounds(2);
  story.is("p3", "Y");
  story.rounds(2);
  ASSERT_EQ(story.dimension().other_changes.size(), 1U);
  EXPECT_EQ(story.dimension().open_change->to, "X");
  EXPECT_EQ(story.dimension().other_changes[0].to, "Y");
  EXPECT_EQ(verdict(story, {"", "X", "config"}), Verdict::hold);
}

}  // namespace
}  // namespace mse
