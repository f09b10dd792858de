// Inventories that move under the engine: a real, watched file and fake nodes.
#include "engine_discovery.h"

namespace mse {
namespace {

TEST_F(EngineDiscovery, PollsWhomTheFileNamesAndMarksThemEphemeral) {
  list({"a", "b", "c"});
  node("c", "2");
  start(config());
  ASSERT_TRUE(until_shown({"a", "b", "c"}));
  EXPECT_TRUE(only().nodes[0].ephemeral);
  EXPECT_EQ(only().nodes[2].dimensions.at("fake").status, Status::divergent);
  EXPECT_EQ(only().discovery_up, true);
  EXPECT_EQ(only().collectors.front().nodes.size(), 3U);
  EXPECT_TRUE(engine->looked());
}

TEST_F(EngineDiscovery, GrowsAndShrinksAndKeepsTheSessionsOfThoseThatStay) {
  list({"a", "b", "c"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b", "c"}));
  list({"a", "b", "c", "d"});
  ASSERT_TRUE(until_shown({"a", "b", "c", "d"}));
  list({"a", "b", "d"});
  ASSERT_TRUE(until_shown({"a", "b", "d"}));
  EXPECT_TRUE(until([&] { return nodes->at("c")->closed == 1; }));
  EXPECT_EQ(nodes->at("a")->opened, 1);
  EXPECT_EQ(nodes->at("a")->closed, 0);
  EXPECT_EQ(only().collectors.front().nodes.size(), 3U);
}

TEST_F(EngineDiscovery, ReplacedPodsNeedNoGrace) {
  list({"a", "b"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b"}));
  list({"c", "d"});
  ASSERT_TRUE(until_shown({"c", "d"}));
  EXPECT_TRUE(until([&] { return nodes->at("a")->closed == 1 && nodes->at("b")->closed == 1; }));
}

TEST_F(EngineDiscovery, AnEmptiedListKeepsItsNodesPolledButShowsNone) {
  list({"a", "b"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b"}));
  list({});
  ASSERT_TRUE(until([&] { return shown().empty(); }));
  ASSERT_EQ(last->services.size(), 1U) << "the canonical survives zero nodes";
  const auto polls = nodes->at("a")->poll_calls.ended;
  EXPECT_TRUE(until([&] { return nodes->at("a")->poll_calls.ended > polls + 1; }));
  list({"a", "b"});
  ASSERT_TRUE(until_shown({"a", "b"}));
  EXPECT_EQ(nodes->at("a")->opened, 1);
}

TEST_F(EngineDiscovery, AHalvedListKeepsTheDroppedPolled) {
  list({"a", "b", "c", "d"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b", "c", "d"}));
  list({"a"});
  ASSERT_TRUE(until_shown({"a"}));
  const auto polls = nodes->at("d")->poll_calls.ended;
  EXPECT_TRUE(until([&] { return nodes->at("d")->poll_calls.ended > polls + 1; }));
  EXPECT_EQ(nodes->at("d")->closed, 0);
}

TEST_F(EngineDiscovery, AFailedSourceKeepsTheLastInventoryAndSaysSo) {
  list({"a", "b"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b"}));
  write("targets.json", "[{\"targets\": [\"c\"");
  ASSERT_TRUE(until([&] { return only().discovery_up == false; }));
  EXPECT_EQ(shown(), (std::vector<std::string>{"a", "b"}));
  std::filesystem::remove(folder / "targets.json");
  const auto polls = nodes->at("a")->poll_calls.ended;
  EXPECT_TRUE(until([&] { return nodes->at("a")->poll_calls.ended > polls + 3; }));
  EXPECT_EQ(shown(), (std::vector<std::string>{"a", "b"}));
  list({"a", "b", "c"});
  ASSERT_TRUE(until_shown({"a", "b", "c"}));
  EXPECT_EQ(only().discovery_up, true);
}

TEST_F(EngineDiscovery, SaysNothingOfAServiceUntilSomeNodeWasFound) {
  start(config());
  ASSERT_TRUE(until([&] { return engine->looked(); }));
  EXPECT_EQ(last->incomplete, 1);
  list({});
  list({"a"});
  ASSERT_TRUE(until_shown({"a"}));
}

TEST_F(EngineDiscovery, ASymlinkSwapIsSeen) {
  node("a");
  node("b");
  write("one.json", R"([{"targets": ["a"]}])");
  write("two.json", R"([{"targets": ["b"]}])");
  std::filesystem::create_symlink("one.json", folder / "targets.json");
  start(config());
  ASSERT_TRUE(until_shown({"a"}));
  std::filesystem::create_symlink("two.json", folder / "swap");
  std::filesystem::rename(folder / "swap", folder / "targets.json");
  ASSERT_TRUE(until_shown({"b"}));
}

TEST_F(EngineDiscovery, APatternTakesAllFilesThatComeAndGo) {
  node("a");
  node("b");
  node("c");
  write("1.json", R"([{"targets": ["a", "b"]}])");
  start(config({}, "*.json"));
  ASSERT_TRUE(until_shown({"a", "b"}));
  write("2.json", R"([{"targets": ["c"]}])");
  ASSERT_TRUE(until_shown({"a", "b", "c"}));
  std::filesystem::remove(folder / "2.json");
  ASSERT_TRUE(until_shown({"a", "b"}));
}

TEST_F(EngineDiscovery, ConfiguredNodesStayBesideTheFoundOnesAndCountOnce) {
  list({"a", "b"});
  start(config({"x", "a"}));
  ASSERT_TRUE(until_shown({"x", "a", "b"}));
  EXPECT_FALSE(only().nodes[0].ephemeral);
  EXPECT_TRUE(only().nodes[2].ephemeral);
}

TEST_F(EngineDiscovery, AReloadKeepsWhatWasFound) {
  list({"a", "b"});
  start(config());
  ASSERT_TRUE(until_shown({"a", "b"}));
  engine->reload(config());
  EXPECT_EQ(shown(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(engine->looked()) << "the same source is not looked at anew";
  engine->reload(config({"x"}));
  ASSERT_TRUE(until_shown({"x", "a", "b"}));
  EXPECT_EQ(nodes->at("a")->opened, 1);
}

}  // namespace
}  // namespace mse
