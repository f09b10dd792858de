// The table of `once`: what a person sees, and what a script is told by the exit code.
#include "exporter/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mse {
namespace {

using testing::HasSubstr;
using testing::Not;

NodeDimension in(Status status, const std::string& text = "") {
  NodeDimension dimension;
  dimension.status = status;
  if (!text.empty()) dimension.state = std::make_shared<const State>(State{{}, text, {}});
  return dimension;
}

NodeDimension unknown(Reason reason) {
  NodeDimension dimension = in(Status::unknown);
  dimension.reason = reason;
  return dimension;
}

NodeView node(std::string name, Role role, NodeDimension config, NodeDimension version) {
  NodeView view;
  view.name = std::move(name);
  view.role = role;
  view.dimensions = {{"config", std::move(config)}, {"schema_version", std::move(version)}};
  return view;
}

Snapshot snapshot_of(std::vector<NodeView> nodes) {
  ServiceView service;
  service.name = "orders-db";
  service.nodes = std::move(nodes);
  for (const auto* dimension : {"config", "schema_version"})
    service.dimensions[dimension].canonical[""] = CanonicalView{StateKey{1, ""}, "", std::nullopt};
  Snapshot snapshot;
  snapshot.services.push_back(std::move(service));
  return snapshot;
}

Snapshot all_canonical() {
  return snapshot_of(
      {node("pg-1", Role::primary, in(Status::canonical), in(Status::canonical, "42")),
       node("pg-2", Role::replica, in(Status::canonical), in(Status::canonical, "42"))});
}

TEST(Table, ShowsNodesAndDimensionsAligned) {
  auto lagging = in(Status::transition, "41");
  lagging.allowance = AllowanceSource::lag;
  lagging.allowance_why = "not replayed yet";
  auto drifted = in(Status::divergent);
  drifted.differing_keys = {"shared_buffers", "work_mem"};
  auto snapshot =
      snapshot_of({node("pg-1", Role::primary, in(Status::canonical), in(Status::canonical, "42")),
                   node("pg-2", Role::replica, in(Status::canonical), lagging),
                   node("pg-3", Role::replica, drifted, unknown(Reason::permission))});
  snapshot.services[0].nodes[1].lag = Lag{std::chrono::milliseconds(1500), 4096, std::nullopt};
  snapshot.services[0].nodes[2].link_up = false;
  EXPECT_EQ(render_table(snapshot),
            "orders-db\n"
            "  node           config     schema_version        lag\n"
            "  pg-1  primary  canonical  canonical 42\n"
            "  pg-2  replica  canonical  transition 41 (lag)   1.5s\n"
            "  pg-3  replica  DIVERGENT  unknown (permission)  unknown, link down\n"
            "  pg-2 schema_version: not replayed yet\n"
            "  pg-3 config: differs in shared_buffers, work_mem\n");
}

TEST(Table, NamesTheFirstKeysAndCountsTheRest) {
  auto drifted = in(Status::divergent);
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back("key" + std::to_string(i));
  drifted.differing_keys = keys;
  const auto text =
      render_table(snapshot_of({node("pg-1", Role::none, drifted, in(Status::canonical))}));
  EXPECT_THAT(text, HasSubstr("key0, key1, key2, key3, key4, key5, key6, key7 and 12 more\n"));
}

TEST(Table, SaysWhyADimensionHasNoCanonical) {
  auto snapshot = all_canonical();
  snapshot.services[0].dimensions["config"].canonical[""] = {std::nullopt, "",
                                                             NoCanonical::two_primaries};
  EXPECT_THAT(render_table(snapshot), HasSubstr("config: no canonical state (two_primaries)\n"));
}

TEST(Table, HostileTextCannotReachTheTerminal) {
  auto snapshot = all_canonical();
  snapshot.services[0].nodes[0].dimensions["config"] =
      in(Status::canonical, "\x1b[31mred\n" + std::string(999, 'x'));
  const auto text = render_table(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr(std::string(50, 'x'))));
}

TEST(Table, ExitCodeIsZeroOnlyWhenAllIsCanonicalOrAllowed) {
  auto snapshot = all_canonical();
  EXPECT_EQ(table_exit_code(snapshot), 0);
  snapshot.services[0].nodes[1].dimensions["config"].status = Status::transition;
  EXPECT_EQ(table_exit_code(snapshot), 0);
}

TEST(Table, ExitCodeIsOneForDivergenceAlsoBesideUnknownAndOldDrift) {
  auto snapshot = all_canonical();
  auto& node = snapshot.services[0].nodes[1];
  node.dimensions["config"] = unknown(Reason::refused);
  node.dimensions["schema_version"].status = Status::divergent;
  node.dimensions["schema_version"].preexisting = true;
  EXPECT_EQ(table_exit_code(snapshot), 1);
}

TEST(Table, ExitCodeIsTwoWhenSomethingIsNotKnown) {
  auto snapshot = all_canonical();
  snapshot.services[0].nodes[1].dimensions["config"] = unknown(Reason::refused);
  EXPECT_EQ(table_exit_code(snapshot), 2);

  snapshot = all_canonical();
  snapshot.services[0].dimensions["config"].canonical[""].missing = NoCanonical::no_primary;
  EXPECT_EQ(table_exit_code(snapshot), 2);

  snapshot = all_canonical();
  snapshot.incomplete = 1;
  EXPECT_EQ(table_exit_code(snapshot), 2);

  EXPECT_EQ(table_exit_code(Snapshot{}), 2);
}

TEST(Table, ADimensionThatNoNodeSupportsIsOutOfTheVerdict) {
  auto snapshot = all_canonical();
  auto& service = snapshot.services[0];
  for (auto& node : service.nodes) node.dimensions["config"] = unknown(Reason::unsupported);
  service.dimensions["config"].canonical[""] = {std::nullopt, "", NoCanonical::no_primary};
  EXPECT_EQ(table_exit_code(snapshot), 2);
  service.dimensions["config"].unsupported = true;
  EXPECT_EQ(table_exit_code(snapshot), 0);
}

}  // namespace
}  // namespace mse
