// A service from its first complete round on: what is known of its nodes, and what they are called.
#include "exporter/evaluator.h"

#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

ServiceStory three(const std::string& a, const std::string& b, const std::string& c) {
  ServiceStory story(ServiceStory::nodes({"a", "b", "c"}));
  story.is("a", a);
  story.is("b", b);
  story.is("c", c);
  return story;
}

TEST(Evaluator, ShowsNothingBeforeEveryNodeAndDimensionHasAnObservation) {
  ServiceStory story = three("1", "1", "1");
  story.evaluate();
  EXPECT_FALSE(story.view);
  story.poll("a");
  story.poll("b");
  story.evaluate();
  EXPECT_FALSE(story.view);
  story.poll("c");
  story.evaluate();
  EXPECT_TRUE(story.view);
}

TEST(Evaluator, AnUnknownCountsAsAnObservationOfTheFirstRound) {
  ServiceStory story = three("1", "1", "1");
  story.fails("c", Reason::dns);
  story.round();
  ASSERT_TRUE(story.view);
  EXPECT_EQ(story.status("c"), Status::unknown);
  EXPECT_EQ(story.at("c").reason, Reason::dns);
}

TEST(Evaluator, ANodeOutsideTheMajorityIsDivergent) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  EXPECT_EQ(story.status("c"), Status::canonical);
  story.is("c", "2");
  story.next_round();
  EXPECT_EQ(story.status("c"), Status::divergent);
  EXPECT_EQ(story.status("a"), Status::canonical);
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{2, 0, 0, 1}));
}

}  // namespace
}  // namespace mse
