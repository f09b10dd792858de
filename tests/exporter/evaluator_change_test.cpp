// Rollouts through a whole service: declared or not, canaries, followers, restarts, clock steps.
#include <gtest/gtest.h>

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

// `states[i]` is the state of node p<i>.
void are(ServiceStory& story, const std::string& states, const std::string& dimension = "config") {
  for (std::size_t i = 0; i < states.size(); ++i)
    story.is("p" + std::to_string(i), states.substr(i, 1), dimension);
}

Declaration of(const std::string& state, const std::string& deploy = "d-1") {
  Declaration out;
  out.state = state;
  out.deploy_id = deploy;
  return out;
}

double seconds_in(const ServiceStory& story, Status status) {
  return story.view->node_seconds.at(static_cast<std::size_t>(status));
}

// Ten pods; each step one old pod is gone and a new one is born.
struct Pods : ::testing::Test {
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

TEST_F(Pods, StoryB_AnUndeclaredRollingDeployMovesTheMajorityAtTheSixth) {
  replace_one("B");
  EXPECT_EQ(story.status("p10"), Status::divergent);
  story.next_round();
  ASSERT_TRUE(story.dimension().open_change);
  EXPECT_FALSE(story.dimension().open_change->declared);
  EXPECT_EQ(story.dimension().open_change->deploy_id, "none");
  for (int i = 0; i < 4; ++i) replace_one("B");
  story.next_round();
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_DOUBLE_EQ(story.dimension().open_change->converged_ratio, 0.5);
  replace_one("B");
  EXPECT_EQ(story.canonical(), "A");
  story.next_round();
  EXPECT_EQ(story.canonical(), "B");
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{6, 0, 0, 4}));
  for (int i = 0; i < 4; ++i) replace_one("B");
  story.next_round();
  EXPECT_EQ(story.outcomes(Outcome::converged), 1U);
  EXPECT_FALSE(story.dimension().open_change);
  EXPECT_EQ(story.dimension().converged_in_time, 10U);
}

TEST_F(Pods, StoryC_TheSameDeclaredIsTransitionWithoutUnplannedExposure) {
  story.evaluator.declare("config", of("B"), story.now());
  replace_one("B");
  EXPECT_EQ(story.canonical(), "B");
  EXPECT_EQ(story.status("p10"), Status::canonical);
  EXPECT_EQ(story.at("p1").allowance, AllowanceSource::change);
  EXPECT_EQ(story.at("p1").allowance_who, "d-1");
  for (int i = 0; i < 9; ++i) replace_one("B");
  story.next_round();
  EXPECT_EQ(story.outcomes(Outcome::converged), 1U);
  EXPECT_EQ(seconds_in(story, Status::divergent), 0);
  EXPECT_GT(seconds_in(story, Status::transition), 0);
  EXPECT_EQ(story.canonical(), "B");
}

TEST_F(Pods, StoryK_ANodeUnreachableDuringTheRolloutBlocksItsConvergence) {
  story.evaluator.declare("config", of("B"), story.now());
  story.next_round();
  for (int i = 0; i < 9; ++i) replace_one("B");
  story.fails("p9");
  story.rounds(12);
  EXPECT_EQ(story.status("p9"), Status::unknown);
  EXPECT_TRUE(story.dimension().open_change);
  story.answers_again("p9");
  story.rounds(2);
  EXPECT_TRUE(story.dimension().open_change);
  replace_one("B");
  story.next_round();
  EXPECT_EQ(story.outcomes(Outcome::converged), 1U);
}

struct Rollout : ::testing::Test {
  ServiceStory story{ServiceStory::nodes(names(0, 4))};

  void SetUp() override {
    are(story, "AAAA");
    story.round();
  }
  const ChangeView& open() const { return story.dimension().open_change.value(); }
};

TEST_F(Rollout, StoryD_ACanaryIsTransitionWhileTheCanonicalStays) {
  Declaration canary = of("B");
  canary.nodes = {"p0"};
  canary.deadline = story.in(hours(48));
  story.evaluator.declare("config", canary, story.now());
  are(story, "BAAA");
  story.rounds(10);
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_EQ(story.at("p0").allowance, AllowanceSource::change);
  EXPECT_EQ(story.status("p1"), Status::canonical);
  EXPECT_DOUBLE_EQ(seconds_in(story, Status::transition), 150);
  EXPECT_EQ(seconds_in(story, Status::divergent), 0);
  EXPECT_TRUE(story.dimension().open_change);
  are(story, "BBAA");
  story.next_round();
  EXPECT_EQ(story.status("p1"), Status::divergent);
}

TEST_F(Rollout, PastItsDeadlineWhatIsNotAtTheTargetIsDivergentAndTheChangeOverdue) {
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BBBA");
  story.next_round();
  EXPECT_EQ(story.status("p3"), Status::transition);
  story.rounds(20);
  EXPECT_EQ(story.status("p3"), Status::divergent);
  EXPECT_TRUE(open().open);
  EXPECT_EQ(story.dimension().converged_late, 1U);
}

TEST_F(Rollout, TellsWhenNodesArrivedAndWhenItEnded) {
  const Wall started = story.now().wall;
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BBAA");
  story.next_round();
  EXPECT_EQ(story.at("p3").allowance_until, open().deadline);
  are(story, "BBBA");
  story.next_round();
  const std::vector<std::pair<Duration, int>> arrivals{
      {seconds(15), 1}, {seconds(15), 2}, {seconds(30), 3}};
  EXPECT_EQ(open().arrivals, arrivals);
  EXPECT_FALSE(open().ended);
  are(story, "BBBB");
  story.rounds(2);
  EXPECT_EQ(story.dimension().last_change->ended, started + seconds(60));
}

TEST_F(Rollout, OfAnAccessPolicySilencesNothing) {
  ServiceStory policy(ServiceStory::nodes(names(0, 3)), {"access_policy"});
  are(policy, "AAA", "access_policy");
  policy.round();
  policy.evaluator.declare("access_policy", of("B"), policy.now());
  policy.evaluator.maintenance(Evaluator::OpenMaintenance{policy.in(hours(1)), "window"});
  policy.next_round();
  EXPECT_EQ(policy.canonical("access_policy"), "B");
  EXPECT_EQ(policy.dimension("access_policy").nodes, (PerStatus<int>{0, 0, 0, 3}));
}

TEST_F(Rollout, RolledBackReturnsTheCanonicalToTheFromState) {
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BBBA");
  story.rounds(2);
  are(story, "AAAA");
  story.rounds(2);
  EXPECT_EQ(story.outcomes(Outcome::rolled_back), 1U);
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_EQ(story.status("p0"), Status::canonical);
  EXPECT_EQ(story.transitions(Direction::forward), 3U);
  EXPECT_EQ(story.transitions(Direction::backward), 3U);
  EXPECT_EQ(story.dimension().last_change->outcome, Outcome::rolled_back);
}

TEST_F(Rollout, ARollbackThatLeavesOneNodeBehindKeepsTheChangeOpenAndThatNodeDivergent) {
  are(story, "BAAA");
  story.rounds(2);
  are(story, "BBAA");
  story.rounds(2);
  are(story, "AAAA");
  story.is("p1", "B");
  story.rounds(3);
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_EQ(story.status("p1"), Status::divergent);
  EXPECT_TRUE(story.dimension().open_change);
  EXPECT_EQ(story.transitions(Direction::backward), 1U);
}

TEST_F(Rollout, ExpiredLeavesItsTargetCanonicalUntilThePolicyFindsAnother) {
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BBAA");
  story.rounds(200);
  EXPECT_EQ(story.outcomes(Outcome::expired), 1U);
  EXPECT_EQ(story.canonical(), "B");
  are(story, "BAAA");
  story.rounds(2);
  EXPECT_EQ(story.canonical(), "A");
}

TEST_F(Rollout, ToldAgainUnchangedDoesNothing) {
  const Declaration same = of("B");
  story.evaluator.declare("config", same, story.now());
  are(story, "BBBB");
  story.evaluate();
  story.rounds(3);
  ASSERT_EQ(story.outcomes(Outcome::converged), 1U);
  are(story, "BBBA");
  story.next_round();
  story.evaluator.declare("config", same, story.now());
  story.next_round();
  EXPECT_EQ(story.status("p3"), Status::divergent);
}

TEST_F(Rollout, DeclaredForTheFutureOpensThen) {
  Declaration later = of("B");
  later.started = story.in(minutes(2));
  story.evaluator.declare("config", later, story.now());
  story.rounds(7);
  EXPECT_FALSE(story.dimension().open_change);
  EXPECT_EQ(story.canonical(), "A");
  story.rounds(1);
  EXPECT_EQ(story.canonical(), "B");
  EXPECT_EQ(open().started, later.started);
}

TEST_F(Rollout, DeadlinesPassOnTheMonotonicClockWhateverTheWallDoes) {
  Declaration hour = of("B");
  hour.deadline = story.in(hours(1));
  story.evaluator.declare("config", hour, story.now());
  are(story, "BAAA");
  story.next_round();
  story.wall += hours(24);
  story.next_round();
  EXPECT_EQ(story.status("p1"), Status::transition);
  story.wall -= hours(48);
  story.pass(minutes(60));
  story.round();
  EXPECT_EQ(story.status("p1"), Status::divergent);
  EXPECT_EQ(open().deadline, hour.deadline);
}

TEST_F(Rollout, AHostileDeadlineOverflowsNothing) {
  Declaration absurd = of("B");
  absurd.started = Wall::min();
  absurd.deadline = Wall::max();
  story.evaluator.declare("config", absurd, story.now());
  story.next_round();
  EXPECT_EQ(story.status("p0"), Status::transition);
}

TEST_F(Rollout, ADeadlineBeforeTheStartIsTheObjective) {
  Declaration odd = of("B");
  odd.started = story.wall;
  odd.deadline = story.wall - minutes(10);
  story.evaluator.declare("config", odd, story.now());
  story.next_round();
  EXPECT_EQ(open().deadline, odd.started + minutes(5));
}

TEST_F(Rollout, CauseIsOfTheDeployOrElseOfDimensionAndTarget) {
  are(story, "BAAA");
  story.rounds(2);
  const std::string undeclared = open().cause;
  EXPECT_EQ(undeclared.size(), 12U);
  EXPECT_EQ(undeclared,
            sha256_hex("config:" + std::to_string(state_of("B").key.fingerprint)).substr(0, 12));
  story.evaluator.declare("config", of("B", "deploy 9"), story.now());
  story.next_round();
  EXPECT_TRUE(open().declared);
  EXPECT_EQ(open().cause, sha256_hex("deploy 9").substr(0, 12));
  EXPECT_EQ(open().deploy_id, "deploy 9");
}

TEST_F(Rollout, TheDeployOfTheServiceIsItsOldestOpenChangeOrTheLast) {
  EXPECT_FALSE(story.view->deploy);
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BBBB");
  story.evaluate();
  EXPECT_EQ(story.view->deploy->deploy_id, "d-1");
  story.rounds(2);
  ASSERT_TRUE(story.view->deploy);
  EXPECT_FALSE(story.view->deploy->open);
  story.pass(minutes(391));
  story.round();
  EXPECT_FALSE(story.view->deploy);
}

TEST_F(Rollout, StatesShowTheFromStateAsPrevious) {
  story.evaluator.declare("config", of("B"), story.now());
  are(story, "BAAC");
  story.next_round();
  std::map<std::string, StateRole> roles;
  for (const StateNodes& state : story.dimension().states) roles[state.text] = state.role;
  EXPECT_EQ(roles["B"], StateRole::target);
  EXPECT_EQ(roles["A"], StateRole::previous);
  EXPECT_EQ(roles["C"], StateRole::other);
}

TEST(DeclaredSource, ANewValueIsADeclaredChange) {
  auto settings = ServiceStory::nodes(names(0, 3));
  settings.canonical["config"] = {PolicyKind::declared, FileSource{"state", ""}};
  ServiceStory story(settings);
  story.evaluator.declared("config", std::string("A"), story.now());
  are(story, "AAA");
  story.round();
  EXPECT_FALSE(story.dimension().open_change);
  story.evaluator.declared("config", std::string("B"), story.now());
  story.next_round();
  ASSERT_TRUE(story.dimension().open_change);
  EXPECT_TRUE(story.dimension().open_change->declared);
  EXPECT_EQ(story.status("p0"), Status::transition);
  are(story, "BBB");
  story.rounds(2);
  EXPECT_EQ(story.outcomes(Outcome::converged), 1U);
}

TEST(DeclaredSource, ANewValueThatAllNodesHoldOpensNothing) {
  auto settings = ServiceStory::nodes(names(0, 3));
  settings.canonical["config"] = {PolicyKind::declared, Literal{"A"}};
  ServiceStory story(settings);
  are(story, "BBB");
  story.round();
  settings.canonical["config"] = {PolicyKind::declared, Literal{"B"}};
  story.evaluator.reconfigure(settings, Cadences{});
  story.next_round();
  EXPECT_FALSE(story.dimension().open_change);
  EXPECT_EQ(story.status("p0"), Status::canonical);
}

TEST(Restart, StoryF_AChangeDeclaredInAFileReopensWithItsStartAndFrom) {
  ServiceStory story(ServiceStory::nodes(names(0, 4)));
  Declaration file = of("B");
  file.from = "A";
  file.started = story.in(-minutes(2));
  file.deadline = story.in(minutes(3));
  story.evaluator.declare("config", file, story.now());
  are(story, "BAAC");
  story.round();
  EXPECT_EQ(story.canonical(), "B");
  EXPECT_EQ(story.dimension().open_change->started, file.started);
  EXPECT_EQ(story.status("p1"), Status::transition);
  EXPECT_TRUE(story.at("p3").preexisting);
  EXPECT_EQ(story.dimension().preexisting_nodes, 1);
  story.pass(minutes(4));
  story.round();
  EXPECT_EQ(story.status("p1"), Status::divergent);
  EXPECT_FALSE(story.at("p1").preexisting);
}

TEST(Restart, AConvergedDeclarationDoesNotReopen) {
  ServiceStory story(ServiceStory::nodes(names(0, 3)));
  Declaration file = of("B");
  file.started = story.in(-minutes(2));
  story.evaluator.declare("config", file, story.now());
  are(story, "BBB");
  story.round();
  EXPECT_FALSE(story.dimension().open_change);
  EXPECT_EQ(story.outcomes(Outcome::converged), 0U);
}

TEST(Restart, ADeclarationMayBeToldBeforeItsDimensionIsExpected) {
  ServiceStory story(ServiceStory::nodes(names(0, 2)), {"config"});
  story.evaluator.declare("schema", of("B"), story.now());
  story.evaluator.expect("probe", {"config", "schema"});
  are(story, "AA");
  are(story, "AA", "schema");
  story.round();
  EXPECT_TRUE(story.dimension("schema").open_change);
}

}  // namespace
}  // namespace mse
