// A change that is declared in one dimension and followed in another.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

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

// schema_version declared; schema follows.
struct Following : ::testing::Test {
  ServiceStory story{ServiceStory::nodes(names(0, 3)), {"schema", "schema_version"}, {"schema"}};

  void SetUp() override {
    are(story, "111", "schema_version");
    are(story, "AAA", "schema");
    story.round();
  }
  // A narrow poll: only what is read at every interval.
  void narrow_round() {
    story.pass(seconds(15));
    for (auto [node, answer] : story.answers) {
      answer.dimensions.erase("schema");
      story.evaluator.report(node, "probe", answer, story.now());
    }
    story.evaluate();
  }
};

TEST_F(Following, AMigrationForLaterIsFollowedWhenItOpensThoughAnotherCameBefore) {
  Declaration later = of("3", "d-2");
  later.started = story.in(std::chrono::minutes(2));
  story.evaluator.declare("schema_version", of("2"), story.now(), "api");
  story.evaluator.declare("schema_version", later, story.now(), "file");
  are(story, "211", "schema_version");
  are(story, "BAA", "schema");
  story.next_round();
  are(story, "222", "schema_version");
  are(story, "BBB", "schema");
  story.rounds(2);
  EXPECT_EQ(story.canonical("schema"), "B");
  ASSERT_TRUE(story.dimension("schema").last_change);
  EXPECT_EQ(story.dimension("schema").last_change->deploy_id, "d-1");
  story.rounds(6);
  EXPECT_EQ(story.canonical("schema_version"), "3");
  are(story, "322", "schema_version");
  are(story, "CBB", "schema");
  story.next_round();
  ASSERT_TRUE(story.dimension("schema").open_change);
  EXPECT_EQ(story.dimension("schema").open_change->deploy_id, "d-2");
  EXPECT_EQ(story.canonical("schema"), "C");
}

TEST_F(Following, SchemaMovesToTheStateOfTheFirstNodeThatReachedTheVersion) {
  story.evaluator.declare("schema_version", of("2"), story.now());
  are(story, "211", "schema_version");
  are(story, "BAA", "schema");
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "B");
  EXPECT_EQ(story.at("p1", "schema").allowance, AllowanceSource::change);
  EXPECT_EQ(story.dimension("schema").open_change->deploy_id, "d-1");
  EXPECT_EQ(story.dimension("schema").open_change->from, "A");
}

TEST_F(Following, WaitsForASchemaReadAfterTheVersionWasReachedAndAsksForIt) {
  story.evaluator.declare("schema_version", of("2"), story.now());
  are(story, "211", "schema_version");
  are(story, "BAA", "schema");
  narrow_round();
  EXPECT_FALSE(story.dimension("schema").open_change);
  EXPECT_EQ(story.evaluator.reread(), std::vector<std::string>{"p0"});
  narrow_round();
  EXPECT_TRUE(story.evaluator.reread().empty());
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "B");
}

TEST_F(Following, AMigrationThatLeavesTheSchemaAsItWasOpensNothingThere) {
  story.evaluator.declare("schema_version", of("2"), story.now());
  are(story, "211", "schema_version");
  story.rounds(2);
  EXPECT_FALSE(story.dimension("schema").open_change);
  are(story, "BAA", "schema");
  story.next_round();
  EXPECT_EQ(story.status("p0", "schema"), Status::divergent);
}

TEST_F(Following, AdoptsWhatHadOpenedUndeclared) {
  are(story, "BAA", "schema");
  story.rounds(2);
  ASSERT_FALSE(story.dimension("schema").open_change->declared);
  story.evaluator.declare("schema_version", of("2"), story.now());
  are(story, "211", "schema_version");
  story.next_round();
  EXPECT_TRUE(story.dimension("schema").open_change->declared);
}

TEST_F(Following, OpensAlsoWhenTheFirstNodeLeavesBeforeItsSchemaIsRead) {
  story.evaluator.declare("schema_version", of("2"), story.now());
  are(story, "211", "schema_version");
  narrow_round();
  story.forget("p0");
  story.evaluator.inventory(ServiceStory::list({"p1", "p2"}), story.now());
  story.is("p1", "2", "schema_version");
  story.is("p1", "B", "schema");
  story.rounds(2);
  EXPECT_EQ(story.canonical("schema"), "B");
  EXPECT_TRUE(story.dimension("schema").open_change->declared);
}

TEST_F(Following, OnlyTheDimensionsThatAreNamed) {
  Declaration named = of("2");
  named.dimensions = {"config"};
  story.evaluator.declare("schema_version", named, story.now());
  are(story, "211", "schema_version");
  are(story, "BAA", "schema");
  story.next_round();
  EXPECT_EQ(story.canonical("schema"), "A");
}

}  // namespace
}  // namespace mse
