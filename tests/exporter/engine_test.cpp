// The engine over fake nodes on a real loop: what it publishes, and what a reload keeps.
#include "exporter/engine.h"

#include <gtest/gtest.h>

#include "exporter/log.h"
#include "tests/support/event_loop.h"
#include "tests/support/fake_collector.h"

namespace mse {
namespace {

using std::chrono::milliseconds;

class EngineTest : public testing::Test {
 protected:
  EngineTest() { start_log(LogLevel::error, LogFormat::logfmt); }
  ~EngineTest() override { start_log(LogLevel::info, LogFormat::logfmt); }

  FakeNode& node(const std::string& name, const std::string& state) {
    auto& there = (*nodes)[name];
    if (!there) there = std::make_shared<FakeNode>();
    State read;
    read.key.fingerprint = std::hash<std::string>{}(state) | 1U;
    read.text = state;
    there->report.dimensions["fake"] = Reading{read, false, std::nullopt};
    return *there;
  }

  ServiceConfig service(const std::string& name, const std::vector<std::string>& members) {
    ServiceConfig made;
    made.settings.name = name;
    CollectEntry entry{"fake", {}, nullptr};
    for (const auto& member : members) {
      made.settings.nodes.push_back({member, member, {}, true});
      entry.by_node[member] = std::make_shared<FakeCollector>(nodes, false);
    }
    made.collect.push_back(std::move(entry));
    return made;
  }

  static Config config(std::vector<ServiceConfig> services) {
    Config made;
    made.cadences.poll_interval = milliseconds(20);
    made.cadences.poll_timeout = milliseconds(15);
    made.services = std::move(services);
    return made;
  }

  void start(const Config& made) {
    engine.emplace(io.get_executor(), made, [this](std::shared_ptr<const Snapshot> snapshot) {
      last = std::move(snapshot);
      ++published;
    });
  }

  bool until(const std::function<bool()>& done) { return run_until(io, done); }
  bool complete(std::size_t services = 1) const {
    return last && last->incomplete == 0 && last->services.size() == services;
  }
  const ServiceView& only() const { return last->services.front(); }
  Status status(const std::string& name) const {
    for (const auto& view : only().nodes)
      if (view.name == name) return view.dimensions.at("fake").status;
    ADD_FAILURE() << "no node " << name;
    return Status::unknown;
  }

  std::shared_ptr<FakeNodes> nodes = std::make_shared<FakeNodes>();
  std::shared_ptr<const Snapshot> last;
  int published = 0;
  asio::io_context io;
  std::optional<Engine> engine;
};

TEST_F(EngineTest, GoesOnFromWhatAnEarlierRunRemembered) {
  node("a", "1");
  node("b", "1");
  node("c", "2");
  Histories kept;
  const auto made = config({service("s", {"a", "b", "c"})});
  const auto publish = [this](std::shared_ptr<const Snapshot> snapshot) {
    last = std::move(snapshot);
  };
  const auto keep = [&kept](Histories histories) { kept = std::move(histories); };
  engine.emplace(io.get_executor(), made, publish, nullptr, Engine::Past{{}, keep});
  ASSERT_TRUE(until([&] { return complete() && kept.contains("s"); }));
  engine.reset();
  last.reset();
  node("b", "3");
  engine.emplace(io.get_executor(), made, publish, nullptr, Engine::Past{kept, keep});
  EXPECT_EQ(last->incomplete, 1);
  ASSERT_TRUE(until([&] { return complete(); }));
  EXPECT_EQ(status("b"), Status::divergent);
  EXPECT_EQ(only().dimensions.at("fake").preexisting_nodes, 1);  // c, and not b
}

TEST_F(EngineTest, PublishesNothingOfAServiceBeforeItsFirstCompleteRound) {
  node("a", "1");
  node("b", "1").polls = {{Does::What::hangs}};
  start(config({service("s", {"a", "b"})}));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->incomplete, 1);
  EXPECT_TRUE(last->services.empty());
  ASSERT_TRUE(until([&] { return complete(); }));
  EXPECT_EQ(status("b"), Status::unknown);
}

TEST_F(EngineTest, TellsWhoDivergesAndHowTheCollectorsStand) {
  node("a", "1");
  node("b", "1");
  node("c", "2");
  node("d", "1").polls = {{Does::What::fails, Reason::refused}};
  start(config({service("s", {"a", "b", "c", "d"})}));
  ASSERT_TRUE(until([&] { return complete(); }));
  EXPECT_EQ(status("d"), Status::unknown);
  const auto& collector = only().collectors.front();
  EXPECT_EQ(collector.kind, "fake");
  ASSERT_EQ(collector.nodes.size(), 4U);
  EXPECT_TRUE(collector.nodes[0].up);
  EXPECT_FALSE(collector.nodes[3].up);
  EXPECT_EQ(collector.nodes[3].last_success, std::nullopt);
  EXPECT_GE(collector.errors.at(Reason::refused), 1U);
}

TEST_F(EngineTest, ANodesLastFailureStaysKnownAfterItAnswersAgain) {
  node("a", "1").polls = {{Does::What::fails, Reason::reset}, {}};
  start(config({service("s", {"a"})}));
  ASSERT_TRUE(until([&] { return complete() && only().collectors.front().nodes[0].up; }));
  const auto& failed = only().collectors.front().nodes[0].failed;
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, Reason::reset);
  EXPECT_FALSE(failed->text.empty());
  EXPECT_LE(failed->at, last->wall);
}

TEST_F(EngineTest, EvaluatesAtMostOnceASecondHoweverOftenItIsTold) {
  node("a", "1");
  start(config({service("s", {"a"})}));
  auto& polled = *nodes->at("a");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(until([&] { return polled.poll_calls.ended >= 40; }));
  const auto passed = std::chrono::steady_clock::now() - began;
  EXPECT_LE(published, 2 + passed / std::chrono::seconds(1));
}

TEST_F(EngineTest, AReloadKeepsWhatStaysAndForgetsWhatWent) {
  node("a", "1");
  node("b", "1");
  node("x", "1");
  start(config({service("s", {"a", "b"}), service("gone", {"x"})}));
  ASSERT_TRUE(until([&] { return complete(2); }));
  const auto polls = only().collectors.front().nodes.front().polls;

  engine->reload(config({service("s", {"a", "b"})}));
  EXPECT_TRUE(complete()) << "a reload is no first round";
  EXPECT_EQ(nodes->at("a")->opened, 1);
  EXPECT_GE(only().collectors.front().nodes.front().polls, polls);
  ASSERT_TRUE(until([&] { return nodes->at("x")->closed == 1; }));
}

TEST_F(EngineTest, WhatAReloadTakesOutIsNotComparedAnyMore) {
  node("a", "1");
  node("b", "1");
  start(config({service("s", {"a", "b"})}));
  ASSERT_TRUE(until([&] { return complete() && only().dimensions.contains("fake"); }));
  auto without = service("s", {"a", "b"});
  without.collect.clear();
  engine->reload(config({without}));
  EXPECT_FALSE(only().dimensions.contains("fake"));
}

TEST_F(EngineTest, NodesAreMissingWhereThereAreFewerThanTheLeast) {
  node("a", "1");
  auto few = service("s", {"a"});
  few.settings.min_nodes = 3;
  start(config({few}));
  ASSERT_TRUE(until([&] { return complete(); }));
  EXPECT_EQ(only().missing_nodes, 2);
  few.settings.min_nodes = 1;
  engine->reload(config({few}));
  EXPECT_EQ(only().missing_nodes, 0);
  few.settings.min_nodes = 0;
  engine->reload(config({few}));
  EXPECT_FALSE(only().missing_nodes) << "no least is set";
}

TEST_F(EngineTest, TwoEntriesOfOneKindAreToldApart) {
  node("a", "1");
  auto made = service("s", {"a"});
  made.collect.push_back(made.collect.front());
  start(config({made}));
  ASSERT_TRUE(until([&] { return complete(); }));
  ASSERT_EQ(only().collectors.size(), 2U);
  EXPECT_EQ(only().collectors[1].kind, "fake-2");
}

}  // namespace
}  // namespace mse
