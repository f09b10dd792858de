// Old drift, enforcement, groups of comparison, acknowledgements and exposure of a whole service.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

ServiceSettings tenants(int n) {
  std::vector<std::string> names;
  for (int i = 0; i < n; ++i) names.push_back("t" + std::to_string(i));
  return ServiceStory::nodes(names);
}

// `states[i]` is the state of node t<i>.
void are(ServiceStory& story, const std::string& states) {
  for (std::size_t i = 0; i < states.size(); ++i)
    story.is("t" + std::to_string(i), states.substr(i, 1));
}

double unplanned(const ServiceStory& story) {
  return story.view->node_seconds.at(static_cast<std::size_t>(Status::divergent));
}

TEST(Preexisting, StoryH_OldDriftIsCountedApartFromNew) {
  ServiceStory story(tenants(10));
  are(story, "AAAAAAAABC");
  story.round();
  EXPECT_EQ(story.dimension().preexisting_nodes, 2);
  EXPECT_TRUE(story.at("t8").preexisting);
  are(story, "DAAAAAAABC");
  story.next_round();
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{7, 0, 0, 3}));
  EXPECT_EQ(story.dimension().preexisting_nodes, 2);
  EXPECT_FALSE(story.at("t0").preexisting);
  story.fails("t8");
  story.fails("t9");
  story.next_round();
  EXPECT_EQ(story.dimension().preexisting_nodes, 0);
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{7, 0, 2, 1}));
  story.answers_again("t8");
  story.answers_again("t9");
  story.next_round();
  EXPECT_EQ(story.dimension().preexisting_nodes, 2);
}

TEST(Preexisting, EndsWhenTheStateChanges) {
  ServiceStory story(tenants(3));
  are(story, "AAB");
  story.round();
  are(story, "AAC");
  story.next_round();
  EXPECT_EQ(story.status("t2"), Status::divergent);
  EXPECT_FALSE(story.at("t2").preexisting);
  are(story, "AAB");
  story.next_round();
  EXPECT_FALSE(story.at("t2").preexisting);
}

TEST(Preexisting, EndsWhenTheNodeWasCanonicalOnce) {
  auto settings = tenants(3);
  settings.canonical["config"] = {PolicyKind::declared, FileSource{"state", ""}};
  ServiceStory story(settings);
  story.evaluator.declared("config", std::string("A"), story.now());
  are(story, "AAB");
  story.round();
  EXPECT_TRUE(story.at("t2").preexisting);
  story.evaluator.declared("config", std::string("B"), story.now());
  story.next_round();
  EXPECT_EQ(story.status("t2"), Status::canonical);
  story.evaluator.declared("config", std::string("A"), story.now());
  story.next_round();
  story.rounds(21);
  EXPECT_EQ(story.status("t2"), Status::divergent);
  EXPECT_FALSE(story.at("t2").preexisting);
}

TEST(Preexisting, IsANodeUnknownAtTheFirstRoundAtItsFirstState) {
  ServiceStory story(tenants(3));
  are(story, "AAB");
  story.fails("t2");
  story.round();
  EXPECT_FALSE(story.at("t2").preexisting);
  story.rounds(100);
  story.answers_again("t2");
  story.next_round();
  EXPECT_EQ(story.status("t2"), Status::divergent);
  EXPECT_TRUE(story.at("t2").preexisting);
}

TEST(Preexisting, IsNotANodeThatJoinedLater) {
  ServiceStory story(tenants(3));
  are(story, "AAA");
  story.round();
  story.evaluator.inventory(tenants(4).nodes, story.now());
  are(story, "AAAB");
  story.next_round();
  EXPECT_FALSE(story.at("t3").preexisting);
}

TEST(Preexisting, SurvivesTheMaintenanceOfTheFirstRound) {
  ServiceStory story(tenants(3));
  are(story, "AAB");
  story.evaluator.maintenance(Evaluator::OpenMaintenance{story.in(minutes(5)), "vacuum"});
  story.round();
  EXPECT_EQ(story.status("t2"), Status::transition);
  EXPECT_FALSE(story.at("t2").preexisting);
  story.evaluator.maintenance(std::nullopt);
  story.next_round();
  EXPECT_TRUE(story.at("t2").preexisting);
}

TEST(Preexisting, TrafficCountsAsCanonicalAndOpensNothing) {
  ServiceStory story(tenants(3));
  are(story, "AAB");
  story.round();
  story.rounds(3);
  EXPECT_EQ(story.node_view("t2").exposure, Status::canonical);
  EXPECT_EQ(unplanned(story), 0);
  EXPECT_FALSE(story.dimension().open_change);
}

TEST(Preexisting, StoryE_NoMajorityAtTheFirstRoundIsOldToo) {
  ServiceStory story(tenants(2));
  are(story, "AB");
  story.round();
  EXPECT_EQ(story.dimension().canonical.at("").missing, NoCanonical::no_majority);
  EXPECT_TRUE(story.dimension().preexisting_canonical_missing);
  EXPECT_EQ(story.dimension().preexisting_nodes, 2);
  are(story, "AA");
  story.next_round();
  story.next_round();
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_FALSE(story.dimension().preexisting_canonical_missing);
}

TEST(Preexisting, StoryE_ConfigPushedToOneOfTwoNodesLeavesThePreviousCanonical) {
  ServiceStory story(tenants(2));
  are(story, "AA");
  story.round();
  are(story, "AB");
  story.rounds(3);
  EXPECT_EQ(story.canonical(), "A");
  EXPECT_EQ(story.status("t0"), Status::canonical);
  EXPECT_EQ(story.status("t1"), Status::divergent);
  EXPECT_FALSE(story.at("t1").preexisting);
}

TEST(Missing, UnreadNodesStayUnknownUnderNoMajority) {
  ServiceStory story(tenants(3));
  are(story, "ABC");
  story.fails("t2");
  story.round();
  EXPECT_EQ(story.status("t0"), Status::divergent);
  EXPECT_EQ(story.status("t2"), Status::unknown);
}

TEST(Missing, AnUnreachableSourceMakesEveryNodeUnknownAfterTenMinutes) {
  auto settings = tenants(2);
  settings.canonical[""] = {PolicyKind::declared, FileSource{"state", ""}};
  ServiceStory story(settings);
  story.evaluator.declared("config", std::string("A"), story.now());
  are(story, "AB");
  story.round();
  story.evaluator.declared("config", SourceUnreachable{}, story.now());
  story.rounds(40);
  EXPECT_EQ(story.status("t0"), Status::canonical);
  story.next_round();
  EXPECT_EQ(story.status("t0"), Status::unknown);
  EXPECT_EQ(story.status("t1"), Status::unknown);
  EXPECT_FALSE(story.at("t0").reason);
  EXPECT_EQ(story.at("t0").text(), "A");
  EXPECT_EQ(story.dimension().canonical.at("").missing, NoCanonical::source_unreachable);
  EXPECT_FALSE(story.dimension().preexisting_canonical_missing);
}

TEST(DeclaredSource, LiteralOfTheSettingsNeedsNoTelling) {
  auto settings = tenants(3);
  settings.canonical["config"] = {PolicyKind::declared, Literal{"B"}};
  ServiceStory story(settings);
  are(story, "AAB");
  story.round();
  EXPECT_EQ(story.status("t2"), Status::canonical);
  EXPECT_EQ(story.status("t0"), Status::divergent);
}

TEST(Enforcement, OnlyEnforcedDimensionsCountForExposure) {
  auto settings = tenants(3);
  settings.enforce["config"] = Enforce::ticket;
  ServiceStory story(settings, {"config", "flags"});
  are(story, "AAA");
  for (const std::string node : {"t0", "t1", "t2"}) story.is(node, "on", "flags");
  story.round();
  are(story, "AAB");
  story.next_round();
  EXPECT_EQ(story.node_view("t2").exposure, Status::canonical);
  story.is("t2", "off", "flags");
  story.next_round();
  EXPECT_EQ(story.node_view("t2").exposure, Status::divergent);
}

TEST(Enforcement, OfTheServiceHoldsWhereTheDimensionSaysNothing) {
  auto settings = tenants(2);
  settings.enforce[""] = Enforce::observe;
  settings.enforce["flags"] = Enforce::page;
  ServiceStory story(settings, {"config", "flags"});
  are(story, "AA");
  story.is("t0", "on", "flags");
  story.is("t1", "on", "flags");
  story.round();
  EXPECT_EQ(story.dimension("config").enforce, Enforce::observe);
  EXPECT_EQ(story.dimension("flags").enforce, Enforce::page);
}

TEST(CompareWithin, GivesEachGroupItsOwnCanonicalAndChanges) {
  auto settings = tenants(6);
  for (int i = 0; i < 6; ++i) settings.nodes[std::size_t(i)].labels["region"] = i < 3 ? "eu" : "us";
  settings.compare_within["config"] = {"region"};
  ServiceStory story(settings);
  are(story, "AAABBB");
  story.round();
  EXPECT_EQ(story.canonical("config", "eu"), "A");
  EXPECT_EQ(story.canonical("config", "us"), "B");
  EXPECT_EQ(story.dimension().nodes, (PerStatus<int>{6, 0, 0, 0}));
  are(story, "AAABBA");
  story.next_round();
  const Wall first = story.wall;
  are(story, "CAABBA");
  story.next_round();
  story.next_round();
  EXPECT_EQ(story.dimension().open_change->to, "A");
  EXPECT_EQ(story.dimension().open_change->started, first);
}

TEST(CompareWithin, AGroupThatAppearsDuringADeclaredChangeIsInIt) {
  auto settings = tenants(2);
  settings.compare_within["config"] = {"region"};
  ServiceStory story(settings);
  are(story, "AA");
  story.round();
  Declaration change;
  change.state = "B";
  story.evaluator.declare("config", change, story.now());
  story.next_round();
  settings.nodes.push_back(ServiceStory::node("t2"));
  settings.nodes.back().labels["region"] = "us";
  story.evaluator.inventory(settings.nodes, story.now());
  are(story, "AAA");
  story.next_round();
  EXPECT_EQ(story.canonical("config", "us"), "B");
  EXPECT_EQ(story.at("t2").allowance, AllowanceSource::change);
}

TEST(CompareWithin, JoinsSeveralKeysAndTakesAMissingLabelAsEmpty) {
  auto settings = tenants(2);
  settings.nodes[0].labels = {{"region", "eu"}, {"zone", "1"}};
  settings.compare_within["config"] = {"region", "zone"};
  ServiceStory story(settings);
  are(story, "AB");
  story.round();
  EXPECT_EQ(story.canonical("config", "eu,1"), "A");
  EXPECT_EQ(story.canonical("config", ","), "B");
}

TEST(Acknowledgement, CoversByKeysAndNamesWhoAndWhyUntilItEnds) {
  auto settings = tenants(3);
  Acknowledgement allowed;
  allowed.dimension = "config";
  allowed.keys = {"value"};
  allowed.why = "reporting";
  allowed.who = "dba";
  allowed.until = kNoon + minutes(5);
  settings.allow = {allowed};
  ServiceStory story(settings);
  are(story, "AAB");
  story.round();
  EXPECT_EQ(story.status("t2"), Status::transition);
  EXPECT_EQ(story.at("t2").allowance_who, "dba");
  EXPECT_EQ(story.node_view("t2").exposure, Status::canonical);
  story.rounds(20);
  EXPECT_EQ(story.status("t2"), Status::divergent);
  EXPECT_FALSE(story.at("t2").preexisting);
}

TEST(Acknowledgement, OfAMovingNodeOpensNoChange) {
  auto settings = tenants(3);
  Acknowledgement allowed;
  allowed.dimension = "config";
  allowed.until = kNoon + minutes(50);
  settings.allow = {allowed};
  ServiceStory story(settings);
  are(story, "AAA");
  story.round();
  are(story, "AAB");
  story.rounds(3);
  EXPECT_EQ(story.status("t2"), Status::transition);
  EXPECT_FALSE(story.dimension().open_change);
}

TEST(SchemaCompatible, ExistsOnlyWithAListAndIsFalseWhileTwoLiveStatesAreNotListedTogether) {
  auto settings = tenants(3);
  ServiceStory without(settings);
  are(without, "AAB");
  without.round();
  EXPECT_FALSE(without.dimension().compatible);
  settings.compatible["config"] = {{"A", "B"}};
  ServiceStory story(settings);
  are(story, "AAB");
  story.round();
  EXPECT_EQ(story.dimension().compatible, true);
  EXPECT_EQ(story.at("t2").allowance, AllowanceSource::compatible);
  are(story, "AAC");
  story.next_round();
  EXPECT_EQ(story.dimension().compatible, false);
}

TEST(SchemaCompatible, LooksAtServingNodesOnly) {
  auto settings = tenants(3);
  settings.compatible["config"] = {{"A", "B"}};
  settings.nodes[2].serving = false;
  ServiceStory story(settings);
  are(story, "AAC");
  story.round();
  EXPECT_EQ(story.dimension().compatible, true);
}

TEST(ExposureOfAService, GoesByRequestsWhenTheNodesCountThem) {
  ServiceStory story(tenants(3));
  are(story, "AAA");
  for (auto& [node, answer] : story.answers) answer.requests = 100;
  story.round();
  EXPECT_TRUE(story.view->by_requests);
  are(story, "AAB");
  for (auto& [node, answer] : story.answers) answer.requests = 130;
  story.next_round();
  EXPECT_EQ(story.view->requests, (PerStatus<double>{60, 0, 0, 30}));
  EXPECT_EQ(story.view->node_seconds, (PerStatus<double>{30, 0, 0, 15}));
}

TEST(ExposureOfAService, CountsAnUnreadableNodeAsHavingACounter) {
  ServiceStory story(tenants(2));
  are(story, "AA");
  story.answers["t0"].requests = 100;
  story.fails("t1");
  story.round();
  EXPECT_TRUE(story.view->by_requests);
}

TEST(ExposureOfAService, IsDecidedOnceAndAgainOnReload) {
  ServiceStory story(tenants(2));
  are(story, "AA");
  story.round();
  EXPECT_FALSE(story.view->by_requests);
  for (auto& [node, answer] : story.answers) answer.requests = 100;
  story.next_round();
  EXPECT_FALSE(story.view->by_requests);
  story.evaluator.reconfigure(tenants(2), Cadences{});
  story.next_round();
  EXPECT_TRUE(story.view->by_requests);
}

TEST(ExposureOfAService, WaitsWithItsDecisionForANodeThatCanBeRead) {
  ServiceStory story(tenants(2));
  are(story, "AA");
  for (auto& [node, answer] : story.answers) answer.requests = 100;
  story.fails("t0");
  story.fails("t1");
  story.round();
  EXPECT_FALSE(story.view->by_requests);
  story.answers_again("t0");
  story.next_round();
  EXPECT_TRUE(story.view->by_requests);
}

TEST(ExposureOfAService, LeavesOutNodesThatDoNotServe) {
  auto settings = tenants(2);
  settings.nodes[1].serving = false;
  ServiceStory story(settings);
  are(story, "AB");
  story.round();
  story.rounds(2);
  EXPECT_EQ(story.view->node_seconds, (PerStatus<double>{30, 0, 0, 0}));
}

}  // namespace
}  // namespace mse
