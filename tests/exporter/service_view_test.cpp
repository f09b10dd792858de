// What a service shows beside its dimensions.
#include "exporter/service_view.h"

#include <gtest/gtest.h>

#include <deque>

namespace mse {
namespace {

using std::chrono::seconds;

TEST(ToleratedUnknown, DefaultsToNoneUpToTwentyNodesAndElseOnePercent) {
  EXPECT_EQ(tolerated_unknown(std::nullopt, 20), 0);
  EXPECT_EQ(tolerated_unknown(std::nullopt, 99), 0);
  EXPECT_EQ(tolerated_unknown(std::nullopt, 100), 1);
  EXPECT_EQ(tolerated_unknown(std::nullopt, 1050), 10);
}

TEST(ToleratedUnknown, IsAShareBelowOneAndElseACount) {
  EXPECT_EQ(tolerated_unknown(0.1, 25), 2);
  EXPECT_EQ(tolerated_unknown(0.0, 2500), 0);
  EXPECT_EQ(tolerated_unknown(1.0, 2500), 1);
  EXPECT_EQ(tolerated_unknown(3.0, 5), 3);
}

struct Migrating : ::testing::Test {
  std::deque<Member> nodes;
  ServiceView view;

  void add(int group, const Migrations& migrations) {
    nodes.emplace_back();
    nodes.back().replication_group = group;
    nodes.back().collectors["postgres"].migrations = migrations;
  }
  void show() {
    std::vector<Member*> all;
    for (Member& node : nodes) all.push_back(&node);
    add_migrations(view, all);
  }
};

TEST_F(Migrating, ShowsDirtyNodesAndTheLongestLock) {
  add(-1, {true, seconds(3), {}});
  add(-1, {true, seconds(9), {}});
  add(-1, {false, std::nullopt, {}});
  show();
  EXPECT_EQ(view.migration_dirty, 2);
  EXPECT_EQ(view.migration_locked, seconds(9));
}

TEST(PendingRestart, CountsNodesAndClaimsNothingWhereNobodyTells) {
  std::vector<Member> nodes(3);
  std::vector<Member*> all;
  for (Member& node : nodes) all.push_back(&node);
  EXPECT_EQ(pending_restart(all), std::nullopt);
  nodes[0].pending_restart = 0;
  EXPECT_EQ(pending_restart(all), 0);
  nodes[1].pending_restart = 4;
  EXPECT_EQ(pending_restart(all), 1);
}

TEST_F(Migrating, CountsAnOnlineChangeOnceInAReplicationGroup) {
  add(0, {false, std::nullopt, {{"gh-ost/copy", 1}}});
  add(0, {false, std::nullopt, {{"gh-ost/copy", 1}}});
  add(1, {false, std::nullopt, {{"gh-ost/copy", 2}}});
  add(-1, {false, std::nullopt, {{"gh-ost/copy", 1}}});
  add(-1, {false, std::nullopt, {{"gh-ost/copy", 1}}});
  show();
  EXPECT_EQ(view.online_changes.at("gh-ost/copy"), 5);
}

ChangeView change(const std::string& id, int started) {
  ChangeView out;
  out.deploy_id = id;
  out.started = Wall{} + seconds(started);
  return out;
}

TEST(DeployOf, IsTheOldestOpenChangeElseTheNewestClosedOne) {
  std::map<std::string, DimensionView> dimensions;
  EXPECT_FALSE(deploy_of(dimensions));
  dimensions["a"].last_change = change("closed-1", 1);
  dimensions["b"].last_change = change("closed-5", 5);
  EXPECT_EQ(deploy_of(dimensions)->deploy_id, "closed-5");
  dimensions["a"].open_change = change("open-9", 9);
  dimensions["b"].open_change = change("open-7", 7);
  EXPECT_EQ(deploy_of(dimensions)->deploy_id, "open-7");
}

TEST(NodeView, ShowsRegionRoleAndWhatTheNodeSaysOfItsReplicas) {
  Member node;
  node.settings.name = "a";
  node.settings.labels["region"] = "eu";
  node.identity = Identity{Role::primary, "g", "s", "1"};
  node.collectors["postgres"].downstreams.emplace().replicas.push_back({"walreceiver", {}, {}, {}});
  const NodeView view = node_view(node, Mono{}, seconds(1));
  EXPECT_EQ(view.region, "eu");
  EXPECT_EQ(view.role, Role::primary);
  EXPECT_FALSE(view.lag);
  ASSERT_EQ(view.downstreams.replicas.size(), 1U);
}

TEST(NodeView, ANodeInGraceDoesNotServe) {
  Member node;
  EXPECT_TRUE(node_view(node, Mono{}, seconds(1)).serving);
  node.in_grace = true;
  EXPECT_FALSE(node_view(node, Mono{}, seconds(1)).serving);
}

}  // namespace
}  // namespace mse
