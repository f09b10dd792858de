// The page of metrics: whole against a golden file, and rule by rule.
#include "exporter/exposition.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "exporter/page.h"
#include "tests/support/exposition_reader.h"
#include "tests/support/rich_snapshot.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

std::map<std::string, double> series(const Snapshot& snapshot, PerNode rule = PerNode::automatic) {
  ExpositionSettings settings;
  settings.per_node = rule;
  const ReadPage page = read_exposition(render_services(snapshot, settings).text);
  EXPECT_EQ(page.error, "");
  return page.series;
}

std::map<std::string, double> of_family(const std::map<std::string, double>& all,
                                        const std::string& family) {
  std::map<std::string, double> result;
  for (const auto& [name, value] : all) {
    if (name.starts_with(family + "{")) result.emplace(name, value);
  }
  return result;
}

std::string read_file_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The page as a scrape gets it, with a version and a process that do not change.
std::string golden_page() {
  SelfMetrics self("1.2.3", {});
  self.reloaded(true, Wall(std::chrono::seconds(1700000050)));
  self.answered(200);
  return make_page(std::make_shared<const Snapshot>(rich_snapshot()), {}, self,
                   ProcessStats{1.25, 1.7e9, 1e7, 12, 1024})
      ->metrics;
}

// Regenerate with MSE_REGENERATE_GOLDEN=1 in the environment, then read the difference.
TEST(Exposition, IsTheGoldenPage) {
  const std::string path = tests_dir() / "golden/metrics.txt";
  if (std::getenv("MSE_REGENERATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << golden_page();
  }
  EXPECT_EQ(golden_page(), read_file_whole(path));
}

TEST(Exposition, IsWellFormedAndSaysNothingTwice) {
  EXPECT_EQ(read_exposition(golden_page()).error, "");
}

TEST(Exposition, TheSameSnapshotGivesTheSameBytes) {
  EXPECT_EQ(render_services(rich_snapshot(), {}).text, render_services(rich_snapshot(), {}).text);
}

TEST(Exposition, NothingIsSaidOfNoService) {
  EXPECT_EQ(render_services(Snapshot{}, {}).text, "");
}

TEST(Exposition, EveryServiceSeriesCarriesServiceAndShard) {
  ExpositionSettings settings;
  settings.shard = "3";
  const auto page = read_exposition(render_services(rich_snapshot(), settings).text);
  ASSERT_FALSE(page.series.empty());
  for (const auto& [name, value] : page.series) {
    EXPECT_THAT(name, AllOf(testing::HasSubstr("{service=\""), testing::HasSubstr(",shard=\"3\"")));
  }
}

TEST(Exposition, CountersExistBeforeAnythingHappened) {
  ServiceView quiet;
  quiet.name = "q";
  quiet.by_requests = true;
  quiet.dimensions["d"];
  quiet.collectors.push_back({});
  quiet.collectors[0].kind = "c";
  Snapshot snapshot;
  snapshot.services = {quiet};
  const auto all = series(snapshot);
  const std::map<std::string, std::size_t> expected{
      {"requests_total", 4},          {"node_seconds_total", 4},
      {"changes_total", 4},           {"node_transitions_total", 3},
      {"convergence_total", 2},       {"replica_lag_samples_total", 2},
      {"collector_errors_total", 18}, {"allowances", 5},
      {"change_active", 2},           {"nodes", 4}};
  for (const auto& [family, count] : expected) {
    const auto found = of_family(all, "mixed_state_" + family);
    EXPECT_EQ(found.size(), count) << family;
    EXPECT_THAT(found, testing::Each(Pair(testing::_, 0))) << family;
  }
  EXPECT_EQ(all.at("mixed_state_node_convergence_seconds_count{service=\"q\",shard=\"0\","
                   "dimension=\"d\"}"),
            0);
}

TEST(Exposition, WhatIsNotKnownIsAbsentAndNeverZero) {
  const auto all = series(rich_snapshot());
  const std::string cut_off = "{service=\"orders-db\",shard=\"0\",node=\"pg-3\"}";
  EXPECT_THAT(all, Not(Contains(Key("mixed_state_replica_lag_seconds" + cut_off))));
  EXPECT_THAT(all, Not(Contains(Key("mixed_state_replica_lag_bytes" + cut_off))));
  EXPECT_THAT(all, Contains(Pair("mixed_state_replication_link_up" + cut_off, 0)));
  const std::string unread =
      "{service=\"orders-db\",shard=\"0\",dimension=\"config\",node=\"pg-3\"}";
  EXPECT_THAT(all, Not(Contains(Key("mixed_state_node_state_fingerprint" + unread))));
  EXPECT_THAT(all, Contains(Pair("mixed_state_node_status" + unread, 2)));
  EXPECT_THAT(of_family(all, "mixed_state_collector_last_success_timestamp_seconds"),
              testing::SizeIs(2));
}

TEST(Exposition, MeasuresThatNobodyTellsHaveNoSeries) {
  const auto all = series(rich_snapshot());
  for (const std::string family :
       {"reconciliations_total", "schema_validations_total", "authorization_decisions_total",
        "authorization_probes_total", "events_total"}) {
    for (const auto& [name, value] : of_family(all, "mixed_state_" + family))
      EXPECT_THAT(name, testing::HasSubstr("orders-db")) << "tenants tell nothing";
  }
  EXPECT_THAT(of_family(all, "mixed_state_duplicate_events_total"), testing::SizeIs(1));
  EXPECT_THAT(of_family(all, "mixed_state_reconciliations_total"), testing::SizeIs(2));
}

TEST(Exposition, AMeasureThatIsToldHasEveryValueOfItsClosedLists) {
  ServiceView quiet;
  quiet.name = "q";
  quiet.measures.reconciliations["k"].runs.emplace();
  quiet.measures.schemas.emplace();
  quiet.measures.decisions.emplace();
  quiet.measures.probes.emplace();
  Snapshot snapshot;
  snapshot.services = {quiet};
  const auto all = series(snapshot);
  const std::map<std::string, std::size_t> expected{{"reconciliations_total", 2},
                                                    {"schema_validations_total", 2},
                                                    {"authorization_decisions_total", 8},
                                                    {"authorization_probes_total", 3}};
  for (const auto& [family, count] : expected) {
    const auto found = of_family(all, "mixed_state_" + family);
    EXPECT_EQ(found.size(), count) << family;
    EXPECT_THAT(found, testing::Each(Pair(testing::_, 0))) << family;
  }
}

TEST(Exposition, WithoutLookingForMigrationsNoneAreClaimedToBeClean) {
  const auto all = series(rich_snapshot());
  EXPECT_THAT(of_family(all, "mixed_state_migration_dirty"),
              testing::ElementsAre(
                  Pair("mixed_state_migration_dirty{service=\"orders-db\",shard=\"0\"}", 1)));
}

TEST(Exposition, WhereNobodyTellsOfPendingRestartsNoneIsClaimedToBeDone) {
  const auto all = series(rich_snapshot());
  EXPECT_THAT(of_family(all, "mixed_state_pending_restart_nodes"),
              testing::ElementsAre(
                  Pair("mixed_state_pending_restart_nodes{service=\"orders-db\",shard=\"0\"}", 2)));
}

TEST(Exposition, NodesAreMissingOnlyWhereALeastIsSet) {
  const auto all = series(rich_snapshot());
  EXPECT_THAT(of_family(all, "mixed_state_missing_nodes"),
              testing::ElementsAre(
                  Pair("mixed_state_missing_nodes{service=\"orders-db\",shard=\"0\"}", 1)));
}

TEST(Exposition, RequestsAreShownOnlyWhereTheyAreTheSource) {
  const auto all = series(rich_snapshot());
  EXPECT_EQ(of_family(all, "mixed_state_requests_total").size(), 4U);
  EXPECT_EQ(of_family(all, "mixed_state_node_seconds_total").size(), 12U);
}

TEST(Exposition, AStateThatDiffersInSecretsAloneIsOther) {
  const auto all = series(rich_snapshot());
  const std::string config =
      "mixed_state_state_nodes{service=\"orders-db\",shard=\"0\","
      "dimension=\"config\",";
  EXPECT_THAT(all, Contains(Pair(config + "fingerprint=\"4001\",state=\"\",role=\"target\"}", 1)));
  EXPECT_THAT(all,
              Contains(Pair(config + "fingerprint=\"other\",state=\"other\",role=\"other\"}", 2)));
}

TEST(Exposition, EightStatesAreNamedThoseOfAChangeFirst) {
  const auto all = series(rich_snapshot());
  const std::string schema =
      "mixed_state_state_nodes{service=\"tenants\",shard=\"0\","
      "dimension=\"schema\",";
  EXPECT_EQ(of_family(all, "mixed_state_state_nodes").size(), 3U + 2U + 9U);
  EXPECT_THAT(
      all, Contains(Pair(schema + "fingerprint=\"10\",state=\"state 10\",role=\"previous\"}", 1)));
  EXPECT_THAT(all,
              Contains(Pair(schema + "fingerprint=\"other\",state=\"other\",role=\"other\"}", 2)));
}

TEST(Exposition, OneStateInTwoGroupsIsOneLineARole) {
  ServiceView service;
  service.dimensions["d"].states = {{{5, ""}, "five", StateRole::target, 3, false},
                                    {{5, ""}, "five", StateRole::target, 2, false},
                                    {{5, ""}, "five", StateRole::other, 1, false}};
  Snapshot snapshot;
  snapshot.services = {service};
  const auto states = of_family(series(snapshot), "mixed_state_state_nodes");
  EXPECT_THAT(states, testing::UnorderedElementsAre(Pair(testing::HasSubstr("target"), 5),
                                                    Pair(testing::HasSubstr("\"other\""), 1)));
}

TEST(Exposition, ReplicasOfOneNameAreTheSlowestOfThem) {
  const auto all = series(rich_snapshot());
  const std::string walreceiver =
      "mixed_state_replica_reported_lag_seconds{service=\"orders-db\","
      "shard=\"0\",node=\"pg-1\",replica=\"walreceiver\",";
  EXPECT_THAT(all, Contains(Pair(walreceiver + "stage=\"write\"}", 0.005)));
  EXPECT_THAT(all, Contains(Pair(walreceiver + "stage=\"flush\"}", 0.009)));
  EXPECT_THAT(all, Contains(Pair(walreceiver + "stage=\"replay\"}", 0.02)));
}

TEST(Exposition, WhatNamesItselfFromOutsideIsCappedAndCounted) {
  ServiceView service;
  service.nodes.push_back({});
  for (int i = 0; i < 70; ++i) {
    const std::string nth = std::to_string(i);
    service.nodes[0].downstreams.slots.push_back({"slot" + nth, true, {}});
    service.nodes[0].downstreams.replicas.push_back(
        {"replica" + nth, std::chrono::seconds(1), {}, {}});
    service.online_changes["tool" + nth + "/phase"] = 1;
  }
  Snapshot snapshot;
  snapshot.services = {service};
  const auto all = series(snapshot);
  EXPECT_EQ(of_family(all, "mixed_state_replication_slot_active").size(), 64U);
  EXPECT_EQ(of_family(all, "mixed_state_replica_reported_lag_seconds").size(), 64U);
  EXPECT_EQ(of_family(all, "mixed_state_online_schema_changes").size(), 64U);
  EXPECT_EQ(render_services(snapshot, {}).dropped, 18U);
}

TEST(Exposition, TheResolutionOfLagIsShownWhereThereAreReplicas) {
  const auto all = series(rich_snapshot());
  EXPECT_THAT(
      of_family(all, "mixed_state_replica_lag_resolution_seconds"),
      testing::ElementsAre(Pair(
          "mixed_state_replica_lag_resolution_seconds{service=\"orders-db\",shard=\"0\"}", 1)));
}

// `count` nodes, canonical but for the second, which diverges.
Snapshot fleet(int count) {
  ServiceView service;
  service.name = "fleet";
  service.dimensions = {{"d", {}}, {"e", {}}};
  for (int i = 1; i <= count; ++i) {
    NodeView node;
    node.name = "n" + std::to_string(i);
    node.dimensions["d"].status = i == 2 ? Status::divergent : Status::canonical;
    node.dimensions["e"].status = Status::canonical;
    service.nodes.push_back(std::move(node));
  }
  Snapshot snapshot;
  snapshot.services = {service};
  return snapshot;
}

std::size_t statuses(const Snapshot& snapshot, PerNode rule) {
  return of_family(series(snapshot, rule), "mixed_state_node_status").size();
}

TEST(PerNodeSeries, AreThereForEveryNodeOfAFleetOfFiveHundred) {
  EXPECT_EQ(statuses(fleet(500), PerNode::automatic), 1000U);
}

TEST(PerNodeSeries, AboveFiveHundredNodesOnlyWhatIsNotCanonicalHasAny) {
  const auto all = series(fleet(501));
  EXPECT_THAT(of_family(all, "mixed_state_node_status"),
              testing::ElementsAre(Pair("mixed_state_node_status{service=\"fleet\",shard=\"0\","
                                        "dimension=\"d\",node=\"n2\"}",
                                        3)));
  EXPECT_EQ(of_family(all, "mixed_state_node_info").size(), 1U);
}

TEST(PerNodeSeries, OfEphemeralNodesOnlyWhatIsNotCanonicalHasAny) {
  Snapshot snapshot = fleet(3);
  for (NodeView& node : snapshot.services[0].nodes) node.ephemeral = true;
  EXPECT_EQ(statuses(snapshot, PerNode::automatic), 1U);
}

TEST(PerNodeSeries, FollowTheDimensionsThatTheServiceShows) {
  Snapshot snapshot = fleet(3);
  snapshot.services[0].dimensions.erase("d");
  snapshot.services[0].dimensions["z"];
  EXPECT_THAT(of_family(series(snapshot), "mixed_state_node_status"),
              testing::Each(Key(testing::HasSubstr("dimension=\"e\""))));
  EXPECT_EQ(statuses(snapshot, PerNode::automatic), 3U);
}

TEST(PerNodeSeries, AreAllOrNoneWhenAskedFor) {
  EXPECT_EQ(statuses(fleet(501), PerNode::all), 1002U);
  EXPECT_EQ(statuses(fleet(3), PerNode::none), 0U);
  EXPECT_TRUE(
      of_family(series(rich_snapshot(), PerNode::none), "mixed_state_collector_up").empty());
}

TEST(PerNodeSeries, ALaggingOrCutOffReplicaIsShownInAnyFleet) {
  Snapshot snapshot = fleet(501);
  auto& nodes = snapshot.services[0].nodes;
  nodes[10].lag = Lag{std::chrono::seconds(3), 100, {}};
  nodes[11].lag = Lag{std::chrono::seconds(1), 100, {}};
  nodes[12].lag = Lag{{}, {}, std::chrono::hours(1)};
  nodes[13].link_up = false;
  const auto all = series(snapshot);
  EXPECT_EQ(of_family(all, "mixed_state_node_info").size(), 4U);
  EXPECT_EQ(of_family(all, "mixed_state_replica_lag_seconds").size(), 1U);
}

TEST(PerNodeSeries, OfACollectorFollowItsNodesAndShowFailures) {
  Snapshot snapshot = fleet(501);
  CollectorView collector;
  collector.kind = "postgres";
  for (const NodeView& node : snapshot.services[0].nodes) {
    collector.nodes.push_back({node.name, node.name != "n7", {}, 1});
  }
  snapshot.services[0].collectors = {collector};
  const auto up = of_family(series(snapshot), "mixed_state_collector_up");
  EXPECT_THAT(up, testing::ElementsAre(Pair(testing::HasSubstr("node=\"n2\""), 1),
                                       Pair(testing::HasSubstr("node=\"n7\""), 0)));
}

}  // namespace
}  // namespace mse
