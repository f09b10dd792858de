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

TEST(Evaluator, AFailedConnectionMakesAllDimensionsOfThatCollectorUnknownAtOnce) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {"config", "schema"});
  story.evaluator.expect("other", {"flags"});
  for (const std::string node : {"a", "b"}) {
    story.is(node, "1");
    story.is(node, "1", "schema");
    Report other;
    other.dimensions["flags"].outcome = state_of("on");
    story.evaluator.report(node, "other", other, story.now());
  }
  story.round();
  story.fails("b", Reason::tls);
  story.poll("b");
  story.evaluate();
  EXPECT_EQ(story.at("b").reason, Reason::tls);
  EXPECT_EQ(story.at("b", "schema").reason, Reason::tls);
  EXPECT_EQ(story.status("b", "flags"), Status::canonical);
}

TEST(Evaluator, AFailedReadOfOneDimensionLeavesTheOthersKnown) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {"config", "schema"});
  for (const std::string node : {"a", "b"}) {
    story.is(node, "1");
    story.is(node, "1", "schema");
  }
  story.round();
  story.is_unknown("b", Reason::permission, "schema");
  story.next_round();
  EXPECT_EQ(story.at("b", "schema").reason, Reason::permission);
  EXPECT_EQ(story.status("b"), Status::canonical);
}

TEST(Evaluator, ADimensionLeftOutOfAReportKeepsItsLastObservationUntilItIsStale) {
  ServiceStory story(ServiceStory::nodes({"a"}), {"config", "schema"}, {"schema"});
  story.is("a", "1");
  story.is("a", "1", "schema");
  story.round();
  story.answers["a"].dimensions.erase("schema");
  story.rounds(12);
  EXPECT_EQ(story.status("a", "schema"), Status::canonical);
  story.next_round();
  EXPECT_EQ(story.status("a", "schema"), Status::unknown);
  EXPECT_EQ(story.at("a", "schema").reason, Reason::stale);
  EXPECT_EQ(story.status("a"), Status::canonical);
}

TEST(Evaluator, StaleIsOlderThanThreeOfTheDimensionsOwnIntervalsAndAtLeastAMinute) {
  ServiceStory story(ServiceStory::nodes({"a"}));
  story.is("a", "1");
  story.round();
  story.pass(seconds(60));
  story.evaluate();
  EXPECT_EQ(story.status("a"), Status::canonical);
  story.pass(seconds(1));
  story.evaluate();
  EXPECT_EQ(story.at("a").reason, Reason::stale);
}

TEST(Evaluator, AWallClockThatStepsMakesNothingStale) {
  ServiceStory story(ServiceStory::nodes({"a"}));
  story.is("a", "1");
  story.round();
  for (const auto step : {std::chrono::hours(5), std::chrono::hours(-20)}) {
    story.wall += step;
    story.evaluate();
    EXPECT_EQ(story.status("a"), Status::canonical);
  }
}

TEST(Evaluator, ADimensionAbsentOnEveryNodeSinceTheStartIsNotExported) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {"config", "schema_version"});
  for (const std::string node : {"a", "b"}) {
    story.is(node, "1");
    story.is_absent(node, "schema_version");
  }
  story.round();
  EXPECT_FALSE(story.view->dimensions.contains("schema_version"));
  EXPECT_FALSE(story.node_view("a").dimensions.contains("schema_version"));
  story.is("b", "41", "schema_version");
  story.next_round();
  EXPECT_EQ(story.status("b", "schema_version"), Status::divergent);
  EXPECT_EQ(story.canonical("schema_version"), "absent");
}

TEST(Evaluator, AbsentComparesAsAStateOfItsOwn) {
  ServiceStory story = three("1", "1", "1");
  story.is_absent("c");
  story.round();
  EXPECT_EQ(story.status("c"), Status::divergent);
  EXPECT_EQ(story.at("c").state->key, StateKey{});
  EXPECT_EQ(story.at("c").text(), "absent");
  EXPECT_TRUE(story.at("c").differing_keys.empty());
}

TEST(Evaluator, ADimensionThatEveryNodeAnsweredUnsupportedIsOutOfTheVerdict) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {"config", "hba"});
  for (const std::string node : {"a", "b"}) {
    story.is(node, "1");
    story.is_unknown(node, Reason::unsupported, "hba");
  }
  story.round();
  EXPECT_TRUE(story.dimension("hba").unsupported);
  EXPECT_EQ(story.status("a", "hba"), Status::unknown);
  EXPECT_EQ(story.node_view("a").exposure, Status::canonical);
  story.is_unknown("b", Reason::permission, "hba");
  story.next_round();
  EXPECT_FALSE(story.dimension("hba").unsupported);
  EXPECT_EQ(story.node_view("a").exposure, Status::unknown);
}

TEST(Evaluator, WhatEveryNodeDeclinedIsUnknownOnceNoneOfThemAnswers) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {"config"});
  for (const std::string node : {"a", "b"}) story.is_unknown(node, Reason::unsupported);
  story.round();
  EXPECT_TRUE(story.dimension().unsupported);
  EXPECT_EQ(story.node_view("a").exposure, Status::unknown);
  story.fails("a");
  story.next_round();
  EXPECT_TRUE(story.dimension().unsupported);
  story.fails("b");
  story.next_round();
  EXPECT_FALSE(story.dimension().unsupported);
}

TEST(Evaluator, DimensionsThatAreOffAreNotCompared) {
  auto settings = ServiceStory::nodes({"a", "b"});
  settings.off = {"hba"};
  ServiceStory story(settings, {"config", "hba"});
  for (const std::string node : {"a", "b"}) story.is(node, "1");
  story.round();
  ASSERT_TRUE(story.view);
  EXPECT_FALSE(story.view->dimensions.contains("hba"));
}

TEST(Evaluator, NamesTheKeysInWhichANodeDiffers) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  State other = state_of("2");
  other.parts["extra"] = "x";
  story.answers["c"].dimensions["config"].outcome = other;
  story.next_round();
  EXPECT_EQ(story.at("c").differing_keys.list(), (std::vector<std::string>{"extra", "value"}));
  EXPECT_TRUE(story.at("a").differing_keys.empty());
}

TEST(Evaluator, SinceIsWhenANodeWasFirstSeenOutsideTheCanonical) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  EXPECT_FALSE(story.at("c").since);
  story.is("c", "2");
  story.next_round();
  const Wall first = story.wall;
  story.next_round();
  story.is("c", "3");
  story.next_round();
  EXPECT_EQ(story.at("c").since, first);
  story.is("c", "1");
  story.next_round();
  EXPECT_FALSE(story.at("c").since);
}

TEST(Evaluator, ADifferenceInSecretsAloneIsADifferenceShownAsOther) {
  ServiceStory story = three("1", "1", "1");
  for (const std::string node : {"a", "b"})
    story.answers[node].dimensions["config"].outcome = state_of("1", "secret-one");
  story.answers["c"].dimensions["config"].outcome = state_of("1", "secret-two");
  story.round();
  EXPECT_EQ(story.status("c"), Status::divergent);
  const auto& states = story.dimension().states;
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].key.fingerprint, states[1].key.fingerprint);
  EXPECT_FALSE(states[0].secret_variant);
  EXPECT_TRUE(states[1].secret_variant);
}

TEST(Evaluator, StatesAreShownByNodeCountWithTheirRole) {
  ServiceStory story(ServiceStory::nodes({"a", "b", "c", "d", "e"}));
  for (const std::string node : {"a", "b", "c"}) story.is(node, "1");
  for (const std::string node : {"d", "e"}) story.is(node, "2");
  story.round();
  const auto& states = story.dimension().states;
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].text, "1");
  EXPECT_EQ(states[0].nodes, 3);
  EXPECT_EQ(states[0].role, StateRole::target);
  EXPECT_EQ(states[1].nodes, 2);
  EXPECT_EQ(states[1].role, StateRole::other);
}

TEST(Evaluator, ReportsOfUnknownNodesAndDimensionsAreIgnored) {
  ServiceStory story = three("1", "1", "1");
  Report stray;
  stray.dimensions["never heard of"].outcome = state_of("1");
  story.evaluator.report("a", "probe", stray, story.now());
  story.evaluator.report("nobody", "probe", stray, story.now());
  story.evaluator.lost("nobody", "probe", Reason::dns, story.now());
  story.evaluator.lost("a", "no collector", Reason::dns, story.now());
  story.round();
  EXPECT_EQ(story.view->dimensions.size(), 1U);
}

TEST(Evaluator, KeepsWhatItKnowsOverAReload) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  story.is("c", "2");
  story.next_round();
  const auto since = story.at("c").since;
  auto settings = ServiceStory::nodes({"a", "b", "c", "d"});
  settings.enforce["config"] = Enforce::ticket;
  story.evaluator.reconfigure(settings, Cadences{});
  story.evaluate();
  EXPECT_EQ(story.status("c"), Status::divergent);
  EXPECT_EQ(story.at("c").since, since);
  EXPECT_EQ(story.at("d").reason, Reason::stale);
  EXPECT_EQ(story.dimension().enforce, Enforce::ticket);
  settings = ServiceStory::nodes({"a"});
  story.evaluator.reconfigure(settings, Cadences{});
  story.evaluate();
  EXPECT_EQ(story.view->nodes.size(), 1U);
}

TEST(Evaluator, ADimensionThatAReloadAddsWaitsForItsOwnFirstRound) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  story.evaluator.expect("probe", {"config", "flags"});
  story.evaluate();
  ASSERT_TRUE(story.view);
  EXPECT_FALSE(story.view->dimensions.contains("flags"));
  EXPECT_EQ(story.view->first_rounds, std::vector<std::string>{"flags"});
  for (const std::string node : {"a", "b"}) story.is(node, "on", "flags");
  story.is("c", "off", "flags");
  story.next_round();
  EXPECT_TRUE(story.at("c", "flags").preexisting);
  EXPECT_TRUE(story.view->first_rounds.empty());
}

TEST(Evaluator, WhatOnlyACollectorReadThatAReloadRemovesIsNotComparedAnyMore) {
  ServiceStory story = three("1", "1", "1");
  story.evaluator.expect("other", {"flags"});
  Report report;
  report.dimensions["flags"].outcome = state_of("on");
  for (const std::string node : {"a", "b", "c"})
    story.evaluator.report(node, "other", report, story.now());
  story.round();
  ASSERT_TRUE(story.view->dimensions.contains("flags"));
  story.evaluator.expect_only({"probe"});
  story.next_round();
  EXPECT_FALSE(story.view->dimensions.contains("flags")) << "nobody reads it: that is not equal";
  EXPECT_TRUE(story.view->dimensions.contains("config"));
}

TEST(Evaluator, ReadsAgainWhatEmptiesTheInventoryOnlyAfterTenMinutes) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  story.evaluator.inventory({}, story.now());
  story.evaluate();
  ASSERT_TRUE(story.view);
  EXPECT_TRUE(story.view->nodes.empty());
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{}));
  EXPECT_EQ(story.canonical(), "1");
  ASSERT_EQ(story.evaluator.members().size(), 3U);
  EXPECT_FALSE(story.evaluator.members()[0].serving);
  story.pass(minutes(10));
  story.evaluate();
  EXPECT_TRUE(story.evaluator.members().empty());
  EXPECT_EQ(story.canonical(), "1");
}

TEST(Evaluator, StoryJ_ScaledToZeroAndBackComparesWithTheSurvivingCanonical) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  story.evaluator.inventory({}, story.now());
  story.pass(minutes(30));
  story.evaluate();
  for (const std::string node : {"a", "b", "c"}) story.forget(node);
  story.evaluator.inventory(ServiceStory::list({"x", "y"}), story.now());
  story.is("x", "1");
  story.is("y", "2");
  story.round();
  EXPECT_EQ(story.status("x"), Status::canonical);
  EXPECT_EQ(story.status("y"), Status::divergent);
  EXPECT_FALSE(story.at("y").preexisting);
}

TEST(Evaluator, ANodeRemembersNothingOfTheOneItReplacedNorOfItsFormerSelf) {
  ServiceStory story = three("1", "1", "2");
  story.round();
  ASSERT_TRUE(story.at("c").preexisting);
  story.evaluator.inventory(ServiceStory::list({"a", "b"}), story.now());
  story.evaluator.inventory(ServiceStory::list({"a", "b", "d"}), story.now());
  story.evaluate();
  EXPECT_EQ(story.at("d").reason, Reason::stale);
  story.forget("c");
  story.is("d", "2");
  story.next_round();
  EXPECT_EQ(story.status("d"), Status::divergent);
  EXPECT_FALSE(story.at("d").preexisting);
  story.evaluator.inventory(ServiceStory::list({"a", "b"}), story.now());
  story.evaluator.inventory(ServiceStory::list({"a", "b", "c"}), story.now());
  story.evaluate();
  EXPECT_EQ(story.at("c").reason, Reason::stale);
  story.forget("d");
  story.is("c", "2");
  story.next_round();
  EXPECT_FALSE(story.at("c").preexisting);
}

TEST(Evaluator, ANewNodeIsUnknownUntilItsFirstPoll) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  story.evaluator.inventory(ServiceStory::list({"a", "b", "c", "d"}), story.now());
  story.evaluate();
  EXPECT_EQ(story.at("d").reason, Reason::stale);
  EXPECT_TRUE(story.node_view("d").ephemeral);
  EXPECT_FALSE(story.node_view("a").ephemeral);
}

TEST(Evaluator, ShowsTheMaintenanceWindow) {
  ServiceStory story = three("1", "1", "1");
  story.round();
  EXPECT_FALSE(story.view->maintenance_active);
  story.is("c", "2");
  story.evaluator.maintenance(Evaluator::OpenMaintenance{story.in(minutes(5)), "vacuum"});
  story.next_round();
  EXPECT_TRUE(story.view->maintenance_active);
  EXPECT_EQ(story.at("c").allowance, AllowanceSource::maintenance);
  EXPECT_EQ(story.at("c").allowance_why, "vacuum");
  EXPECT_EQ(story.dimension().allowances.at(AllowanceSource::maintenance), 1);
  story.evaluator.maintenance(std::nullopt);
  story.next_round();
  EXPECT_EQ(story.status("c"), Status::divergent);
}

}  // namespace
}  // namespace mse
