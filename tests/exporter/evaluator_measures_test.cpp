// Measures and edge traffic as a service tells them, poll by poll.
#include <gtest/gtest.h>

#include "tests/exporter/service_story.h"

namespace mse {
namespace {

using std::chrono::minutes;

ServiceStory converged(const std::vector<std::string>& names) {
  ServiceStory story(ServiceStory::nodes(names));
  for (const std::string& node : names) story.is(node, "A");
  return story;
}

double requests(const ServiceStory& story, Status status) {
  return story.view->requests.at(static_cast<std::size_t>(status));
}

TEST(EvaluatorMeasures, AJobToldByOneNodeIsCountedByTheService) {
  ServiceStory story = converged({"a", "b"});
  auto& told = story.answers["a"].measures.emplace().reconciliations["backfill"];
  told.succeeded = 40;
  told.pending_items = 12;
  story.round();
  EXPECT_EQ(story.view->measures.reconciliations.at("backfill").runs->good, 0U);
  told.succeeded = 42;
  story.next_round();
  const auto& backfill = story.view->measures.reconciliations.at("backfill");
  EXPECT_EQ(backfill.runs->good, 2U);
  EXPECT_EQ(backfill.pending_items, 12U);
}

TEST(EvaluatorMeasures, AServiceThatOnlyTellsNumbersBeginsOnceEachNodeWasPolled) {
  ServiceStory story(ServiceStory::nodes({"a", "b"}), {});
  auto& told = story.answers["a"].measures.emplace().reconciliations["backfill"];
  told.succeeded = 40;
  story.round();
  EXPECT_FALSE(story.view) << "b has not been polled";
  story.evaluator.lost("b", "probe", Reason::refused, story.now());
  told.succeeded = 41;
  story.next_round();
  ASSERT_TRUE(story.view);
  EXPECT_EQ(story.view->measures.reconciliations.at("backfill").runs->good, 1U);
}

TEST(EvaluatorMeasures, WhereNothingIsComparedNoTrafficIsCanonical) {
  ServiceStory story(ServiceStory::nodes({"a"}), {});
  story.answers["a"].requests = 100;
  story.round();
  story.answers["a"].requests = 150;
  story.rounds(2);
  EXPECT_EQ(requests(story, Status::canonical), 0);
  EXPECT_EQ(story.view->node_seconds.at(static_cast<std::size_t>(Status::canonical)), 0);
}

TEST(EvaluatorMeasures, WhereNothingIsComparedNoDecisionIsThatOfACanonicalNode) {
  ServiceStory story(ServiceStory::nodes({"a"}), {});
  story.answers["a"].measures.emplace().allowed = 100;
  story.rounds(2);
  story.answers["a"].measures->allowed = 130;
  story.next_round();
  const auto& decisions = story.view->measures.decisions.value();
  EXPECT_EQ(decisions.at(static_cast<std::size_t>(Status::canonical)).good, 0U);
  EXPECT_EQ(decisions.at(static_cast<std::size_t>(Status::unknown)).good, 30U);
}

TEST(EvaluatorMeasures, PendingItemsOfANodeThatCannotBeReadAreNotKnown) {
  ServiceStory story = converged({"a", "b"});
  story.answers["a"].measures.emplace().reconciliations["backfill"].pending_items = 12;
  story.round();
  story.fails("a");
  story.next_round();
  EXPECT_FALSE(story.view->measures.reconciliations.at("backfill").pending_items);
  story.answers_again("a");
  story.next_round();
  EXPECT_EQ(story.view->measures.reconciliations.at("backfill").pending_items, 12U);
}

TEST(EvaluatorMeasures, DecisionsOfADivergentNodeAreTold) {
  ServiceStory story = converged({"a", "b", "c"});
  story.answers["c"].measures.emplace().allowed = 100;
  story.rounds(2);
  story.is("c", "B");
  story.answers["c"].measures->allowed = 130;
  story.next_round();
  const auto& decisions = story.view->measures.decisions.value();
  EXPECT_EQ(decisions.at(static_cast<std::size_t>(Status::divergent)).good, 30U);
}

TEST(EvaluatorMeasures, AProbeThatAnswersElsewiseOnOneNodeIsDrift) {
  ServiceStory story = converged({"a", "b", "c"});
  for (auto& [node, answer] : story.answers) answer.dimensions["config"].probe = true;
  story.round();
  EXPECT_EQ(story.view->measures.probes->at(ProbeResult::match), 3U);
  story.is("c", "B");
  story.answers["c"].dimensions["config"].probe = true;
  story.fails("b");
  story.next_round();
  EXPECT_EQ(story.view->measures.probes->at(ProbeResult::match), 4U);
  EXPECT_EQ(story.view->measures.probes->at(ProbeResult::drift), 1U);
  EXPECT_EQ(story.view->measures.probes->at(ProbeResult::error), 1U);
}

ServiceStory behind_an_edge() {
  ServiceSettings settings = ServiceStory::nodes({"a", "b", "edge"});
  settings.nodes[2].serving = false;
  ServiceStory story(settings);
  for (const char* node : {"a", "b", "edge"}) story.is(node, "A");
  story.answers["edge"].requests_of = {{"a", 1000}, {"b", 500}, {"no member", 7}};
  story.round();
  return story;
}

TEST(EdgeTraffic, IsWaitedForBeforeExposureGoesByTime) {
  ServiceStory story = converged({"a", "b"});
  story.evaluator.expect("edge", {});
  story.round();
  EXPECT_FALSE(story.view->by_requests);
  Report report;
  report.requests = 100;
  for (const std::string node : {"a", "b"})
    story.evaluator.report(node, "edge", report, story.now());
  story.next_round();
  EXPECT_TRUE(story.view->by_requests);
}

TEST(EdgeTraffic, CountsAsTheTrafficOfTheNodesItNames) {
  ServiceStory story = behind_an_edge();
  EXPECT_TRUE(story.view->by_requests);
  EXPECT_EQ(requests(story, Status::canonical), 0) << "baselines";
  story.answers["edge"].requests_of = {{"a", 1010}, {"b", 505}, {"no member", 99}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 15);
}

TEST(EdgeTraffic, GoesToTheStatusOfTheNodeThatServesIt) {
  ServiceSettings settings = ServiceStory::nodes({"a", "b", "c"});
  ServiceStory story(settings);
  for (const char* node : {"a", "b", "c"}) story.is(node, "A");
  story.answers["a"].requests_of = {{"a", 0}, {"b", 0}, {"c", 0}};
  story.round();
  story.is("c", "B");
  story.answers["a"].requests_of = {{"a", 10}, {"b", 10}, {"c", 80}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::divergent), 80);
  EXPECT_EQ(requests(story, Status::canonical), 20);
}

TEST(EdgeTraffic, SeveralEdgesShareTheTrafficOfANode) {
  ServiceStory story = converged({"a", "b"});
  story.answers["a"].requests_of = {{"a", 100}, {"b", 10}};
  story.answers["b"].requests_of = {{"a", 7}, {"b", 7}};
  story.round();
  story.answers["a"].requests_of = {{"a", 101}, {"b", 12}};
  story.answers["b"].requests_of = {{"a", 11}, {"b", 15}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 1 + 2 + 4 + 8);
}

TEST(EdgeTraffic, IsNotHeardWhereANodeCountsItself) {
  ServiceStory story = converged({"a", "b"});
  story.answers["a"].requests = 50;
  story.answers["b"].requests = 50;
  story.answers["b"].requests_of = {{"a", 1000}};
  story.round();
  story.answers["a"].requests = 53;
  story.answers["b"].requests_of = {{"a", 2000}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 3);
}

TEST(EdgeTraffic, ACounterOfTheNodesOwnTakesItsPlace) {
  ServiceStory story = behind_an_edge();
  story.answers["a"].requests = 77;
  story.answers["edge"].requests_of = {{"a", 1010}, {"b", 500}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 0) << "its first reading is a baseline";
  story.answers["a"].requests = 79;
  story.answers["edge"].requests_of = {{"a", 1090}, {"b", 500}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 2);
}

TEST(EdgeTraffic, OfAnEdgeThatRestartedCountsFromZero) {
  ServiceStory story = behind_an_edge();
  story.answers["edge"].requests_of = {{"a", 3}, {"b", 500}};
  story.next_round();
  EXPECT_EQ(requests(story, Status::canonical), 3);
}

TEST(EdgeTraffic, AcrossALongGapIsOfUnknownStatus) {
  ServiceStory story = behind_an_edge();
  story.pass(minutes(5));
  story.answers["edge"].requests_of = {{"a", 1009}, {"b", 500}};
  story.round();
  EXPECT_EQ(requests(story, Status::unknown), 9);
}

}  // namespace
}  // namespace mse
