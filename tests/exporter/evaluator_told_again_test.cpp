// Declarations that are repeated, and those for what nearly all nodes hold already.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

// `states[i]` is the state of node p<i>.
void are(ServiceStory& story, const std::string& states) {
  for (std::size_t i = 0; i < states.size(); ++i)
    story.is("p" + std::to_string(i), states.substr(i, 1));
}

Declaration of(const std::string& state) {
  Declaration out;
  out.state = state;
  return out;
}

struct ToldAgain : ::testing::Test {
  ServiceStory story{ServiceStory::nodes({"p0", "p1", "p2", "p3"})};

  void SetUp() override {
    are(story, "AAAA");
    story.round();
  }
};

TEST_F(ToldAgain, WordsWithoutATimeToldInTurnByTwoSourcesDoNotReopen) {
  const Declaration stale = of("A"), fresh = of("B");
  story.evaluator.declare("config", stale, story.now(), "file");
  story.next_round();
  for (int i = 0; i < 3; ++i) {
    story.evaluator.declare("config", fresh, story.now(), "api");
    story.evaluator.declare("config", stale, story.now(), "file");
    story.next_round();
    EXPECT_EQ(story.canonical(), "B");
  }
  EXPECT_EQ(story.outcomes(Outcome::superseded), 0U);
}

TEST_F(ToldAgain, AWordThatItsSourceTookBackAndSaysAgainIsMeantAnew) {
  for (const char* state : {"B", "A", "B"}) {
    story.evaluator.declare("config", of(state), story.now(), "file");
    story.next_round();
  }
  EXPECT_EQ(story.canonical(), "B");
}

// A file says at ten that a deploy is to begin at noon; a pipeline declares another at eleven.
TEST_F(ToldAgain, AWordForLaterOpensThoughAnotherSourceDeclaredSomethingMeanwhile) {
  Declaration later = of("C");
  later.started = story.in(std::chrono::minutes(2));
  for (int i = 0; i < 7; ++i) {
    story.evaluator.declare("config", later, story.now(), "file");
    if (i == 2) story.evaluator.declare("config", of("B"), story.now(), "api");
    if (i == 3) are(story, "BBBB");
    story.next_round();
    EXPECT_EQ(story.canonical(), i < 2 ? "A" : "B");
  }
  story.rounds(1);
  EXPECT_EQ(story.canonical(), "C");
  ASSERT_TRUE(story.dimension().open_change);
  EXPECT_EQ(story.dimension().open_change->started, later.started);
}

TEST_F(ToldAgain, AWordForLaterIsReplacedByAnotherOfItsSource) {
  Declaration later = of("C"), latest = of("B");
  later.started = story.in(std::chrono::minutes(2));
  latest.started = story.in(std::chrono::minutes(3));
  story.evaluator.declare("config", later, story.now(), "file");
  story.next_round();
  story.evaluator.declare("config", latest, story.now(), "file");
  story.rounds(10);
  EXPECT_EQ(story.canonical(), "A");
  story.rounds(2);
  EXPECT_EQ(story.canonical(), "B");
}

TEST_F(ToldAgain, OfTwoWordsForLaterThatAreDueTheLaterStands) {
  Declaration later = of("C"), sooner = of("B");
  later.started = story.in(std::chrono::minutes(3));
  sooner.started = story.in(std::chrono::minutes(2));
  story.evaluator.declare("config", later, story.now(), "one");
  story.evaluator.declare("config", sooner, story.now(), "other");
  story.next_round();
  story.pass(std::chrono::minutes(5));
  story.round();
  EXPECT_EQ(story.canonical(), "C");
}

TEST(OldDrift, ATargetThatAllButAPreexistingNodeHoldOpensNothing) {
  ServiceStory story{ServiceStory::nodes({"p0", "p1", "p2", "p3"})};
  are(story, "AAAB");
  story.rounds(2);
  ASSERT_TRUE(story.at("p3").preexisting);
  story.evaluator.declare("config", of("A"), story.now());
  story.rounds(2);
  EXPECT_FALSE(story.dimension().open_change);
  EXPECT_EQ(story.outcomes(Outcome::converged), 0U);
}

}  // namespace
}  // namespace mse
