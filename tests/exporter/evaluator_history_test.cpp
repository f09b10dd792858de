// What an evaluator gives to history, and how another goes on from it.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The same service in a later process, whose Mono has begun anew.
ServiceStory next_run(const ServiceStory& before, const ServiceSettings& settings,
                      Duration away = seconds(5)) {
  ServiceStory after{settings};
  after.mono = Mono{} + minutes(3);
  after.wall = before.in(away);
  after.answers = before.answers;
  after.failures = before.failures;
  after.evaluator.restore(before.evaluator.remember(before.now()), after.now());
  return after;
}

struct ARestart : ::testing::Test {
  ServiceSettings settings = ServiceStory::nodes({"a", "b", "c"});
  ServiceStory story{settings};

  void are(const std::string& states) {
    for (std::size_t i = 0; i < states.size(); ++i)
      story.is(std::string(1, static_cast<char>('a' + i)), states.substr(i, 1));
  }
  void declare(const std::string& state, Duration deadline = minutes(10)) {
    Declaration declaration;
    declaration.state = state;
    declaration.deploy_id = "d-1";
    declaration.started = story.wall;
    declaration.deadline = story.in(deadline);
    story.evaluator.declare("config", declaration, story.now());
  }
  void start(const std::string& states) {
    are(states);
    story.round();
    story.next_round();
  }
};

TEST_F(ARestart, NothingIsExportedBeforeTheFirstRoundAfterIt) {
  start("AAA");
  ServiceStory after = next_run(story, settings);
  after.evaluate();
  EXPECT_FALSE(after.view);
  after.round();
  EXPECT_TRUE(after.view);
}

TEST_F(ARestart, WhatWasRestoredIsRememberedAsItWasUntilTheFirstRound) {
  start("AAB");
  declare("B");
  story.next_round();
  const Remembered before = story.evaluator.remember(story.now());
  ASSERT_FALSE(before.dimensions.at("config").groups.at("").open == std::nullopt);
  ServiceStory after = next_run(story, settings);
  after.evaluate();
  EXPECT_EQ(after.evaluator.remember(after.now()), before);
}

TEST_F(ARestart, NothingTheRulesRememberChangesThroughIt) {
  start("AAB");
  declare("B");
  story.is("b", "B");
  story.rounds(2);
  ServiceStory after = next_run(story, settings, seconds(0));
  after.round();
  Remembered before = story.evaluator.remember(story.now());
  Remembered kept = after.evaluator.remember(after.now());
  EXPECT_EQ(kept.joined, before.joined);
  EXPECT_EQ(kept.dimensions.at("config").words, before.dimensions.at("config").words);
  EXPECT_EQ(kept.dimensions.at("config").groups, before.dimensions.at("config").groups);
  EXPECT_EQ(kept.dimensions.at("config").nodes, before.dimensions.at("config").nodes);
}

TEST_F(ARestart, RememberingTwiceWithoutNewsGivesTheSame) {
  start("AAB");
  const Remembered before = story.evaluator.remember(story.now());
  story.pass(seconds(1));
  story.wall += std::chrono::microseconds(3);  // the clocks are not read at the same moment
  story.evaluate();
  Remembered later = story.evaluator.remember(story.now());
  EXPECT_GT(later.at, before.at);
  later.at = before.at;
  EXPECT_EQ(later, before);
}

TEST_F(ARestart, AnOpenChangeGoesOnWithItsTrueStart) {
  start("AAA");
  declare("B");
  const Wall started = story.wall;
  story.is("a", "B");
  story.rounds(4);
  ServiceStory after = next_run(story, settings, minutes(2));
  after.round();
  ASSERT_TRUE(after.dimension().open_change);
  EXPECT_EQ(after.dimension().open_change->started, started);
  EXPECT_EQ(after.dimension().open_change->from, "A");
  EXPECT_EQ(after.status("b"), Status::transition);
  for (const char* node : {"b", "c"}) after.is(node, "B");
  after.rounds(2);
  ASSERT_TRUE(after.dimension().last_change);
  EXPECT_EQ(after.dimension().last_change->outcome, Outcome::converged);
  EXPECT_GE(after.dimension().last_change->p95.value(), minutes(3));
  EXPECT_EQ(after.dimension().converged_in_time, 2U);  // each node once over both runs
}

TEST_F(ARestart, NobodyIsCountedLateTwice) {
  start("AAA");
  declare("B", minutes(1));
  story.rounds(6);
  ASSERT_EQ(story.dimension().converged_late, 3U);
  ServiceStory after = next_run(story, settings);
  after.rounds(2);
  EXPECT_EQ(after.dimension().converged_late, 0U);
}

TEST_F(ARestart, AMoveSeenOnceBeforeItStillOpensItsChange) {
  start("AAA");
  story.pass(seconds(15));
  story.is("c", "B");
  const Wall moved = story.wall;
  story.round();
  ASSERT_FALSE(story.dimension().open_change);
  ServiceStory after = next_run(story, settings);
  after.rounds(2);
  ASSERT_TRUE(after.dimension().open_change);
  EXPECT_EQ(after.dimension().open_change->started, moved);
  EXPECT_EQ(after.transitions(Direction::forward), 1U);
}

TEST_F(ARestart, TheFromStateOfAClosedChangeIsKnownForSixHoursAndAHalf) {
  start("AAA");
  declare("B");
  are("BBB");
  story.rounds(3);
  ServiceStory soon = next_run(story, settings, hours(6));
  soon.is("a", "A");
  soon.rounds(2);
  EXPECT_EQ(soon.transitions(Direction::backward), 1U);
  ServiceStory late = next_run(story, settings, hours(7));
  late.is("a", "A");
  late.rounds(2);
  EXPECT_EQ(late.transitions(Direction::backward), 0U);
  EXPECT_FALSE(late.dimension().last_change);
}

TEST_F(ARestart, OldDriftStaysOldAndIsNotMadeAnew) {
  start("AAB");
  ASSERT_TRUE(story.at("c").preexisting);
  ServiceStory after = next_run(story, settings);
  after.is("b", "C");
  after.round();
  EXPECT_TRUE(after.at("c").preexisting);
  EXPECT_EQ(after.status("b"), Status::divergent);
  EXPECT_FALSE(after.at("b").preexisting);
}

TEST_F(ARestart, DifferingKeysAreKnownOnlyOnceBothStatesAreReadAgain) {
  settings = ServiceStory::nodes({"a", "b"});
  story = ServiceStory(settings);
  start("AA");
  story.is("b", "B");
  story.next_round();
  ServiceStory after = next_run(story, settings);
  after.fails("a");
  after.round();
  EXPECT_EQ(after.status("b"), Status::divergent);
  EXPECT_TRUE(after.at("b").differing_keys.empty());
  after.answers_again("a");
  after.next_round();
  EXPECT_EQ(after.at("b").differing_keys.list(), std::vector<std::string>{"value"});
}

TEST_F(ARestart, ADeclaredValueThatChangedMeanwhileIsADeclaredChange) {
  settings.canonical["config"] = {PolicyKind::declared, FileSource{"/target", ""}};
  story = ServiceStory(settings);
  story.evaluator.declared("config", "A", story.now());
  start("AAA");
  ServiceStory after = next_run(story, settings);
  after.evaluator.declared("config", "B", after.now());
  after.round();
  ASSERT_TRUE(after.dimension().open_change);
  EXPECT_TRUE(after.dimension().open_change->declared);
  EXPECT_EQ(after.dimension().open_change->from, "A");
}

TEST_F(ARestart, ADeclaredValueStandsForTheRestOfItsTenMinutes) {
  settings.canonical["config"] = {PolicyKind::declared, FileSource{"/target", ""}};
  story = ServiceStory(settings);
  story.evaluator.declared("config", "A", story.now());
  start("AAA");
  story.evaluator.declared("config", SourceUnreachable{}, story.now());
  story.evaluate();
  ServiceStory after = next_run(story, settings, minutes(8));
  after.evaluator.declared("config", SourceUnreachable{}, after.now());
  after.round();
  EXPECT_EQ(after.status("a"), Status::canonical);
  after.pass(minutes(3));
  after.round();
  EXPECT_EQ(after.status("a"), Status::unknown);
}

TEST_F(ARestart, AClockThatSteppedBackMakesNoChangeShorterAndItsTimesSuspect) {
  start("AAA");
  declare("B", hours(2));
  story.rounds(40);  // ten minutes
  ServiceStory after{settings};
  after.answers = story.answers;
  after.wall = story.wall - hours(5);
  EXPECT_FALSE(after.evaluator.restore(story.evaluator.remember(story.now()), after.now()));
  after.round();
  ASSERT_TRUE(after.dimension().open_change);
  EXPECT_EQ(after.wall - after.dimension().open_change->started, minutes(10));
  for (const char* node : {"a", "b", "c"}) after.is(node, "B");
  after.rounds(2);
  ASSERT_TRUE(after.dimension().last_change);
  EXPECT_FALSE(after.dimension().last_change->p95);
  EXPECT_EQ(after.dimension().convergence.count(), 0U);
  EXPECT_EQ(after.dimension().converged_in_time, 3U);
}

TEST_F(ARestart, NothingStoredIsInTheFutureAfterIt) {
  start("AAB");
  Remembered remembered = story.evaluator.remember(story.now());
  for (auto& [name, node] : remembered.dimensions.at("config").nodes) node.since = Wall::max();
  ServiceStory after{settings};
  after.answers = story.answers;
  after.wall = story.in(seconds(5));
  after.evaluator.restore(remembered, after.now());
  after.round();
  EXPECT_LE(after.at("c").since.value(), after.wall);
}

// A node's state with a secret.
void holds(ServiceStory& story, const std::string& node, const std::string& text,
           const std::string& secret) {
  story.answers[node].dimensions["config"].outcome = state_of(text, secret);
}

// Whose word it was is known again once that source repeats it.
TEST_F(ARestart, AWordForLaterIsOfItsSourceAgain) {
  start("AAA");
  Declaration later;
  later.state = "C";
  later.started = story.in(minutes(2));
  story.evaluator.declare("config", later, story.now(), "file");
  story.next_round();
  for (const bool rewritten : {false, true}) {
    ServiceStory after = next_run(story, settings);
    after.evaluator.declare("config", later, after.now(), "file");
    after.round();
    Declaration other;
    other.state = "B";
    after.evaluator.declare("config", other, after.now(), rewritten ? "file" : "api");
    after.rounds(9);
    EXPECT_EQ(after.canonical(), rewritten ? "B" : "C");
  }
}

TEST_F(ARestart, NoSecretDigestIsRemembered) {
  for (const char* node : {"a", "b", "c"}) holds(story, node, "A", "digest-1");
  story.round();
  story.next_round();
  const Remembered remembered = story.evaluator.remember(story.now());
  const RememberedDimension& dimension = remembered.dimensions.at("config");
  EXPECT_TRUE(dimension.nodes.at("a").judged->secret);
  EXPECT_TRUE(dimension.groups.at("").held->secret);
}

TEST_F(ARestart, ASecretChangedMeanwhileIsNeverTakenForTheOldDriftOrTheCanonical) {
  for (const char* node : {"a", "b"}) holds(story, node, "A", "digest-1");
  holds(story, "c", "A", "digest-2");
  story.round();
  story.next_round();
  ASSERT_TRUE(story.at("c").preexisting);
  ServiceStory after = next_run(story, settings);
  for (const char* node : {"a", "b"}) holds(after, node, "A", "digest-of-the-next-key");
  holds(after, "c", "A", "digest-3");
  after.round();
  EXPECT_EQ(after.status("a"), Status::canonical);
  EXPECT_EQ(after.status("c"), Status::divergent);
  EXPECT_FALSE(after.at("c").preexisting);
  EXPECT_FALSE(after.dimension().open_change);
  EXPECT_EQ(after.transitions(Direction::lateral), 0U);
}

}  // namespace
}  // namespace mse
