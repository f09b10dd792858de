// What is announced over HTTP, and what the engine makes of it: at once, and in another run.
#include <gmock/gmock.h>

#include "exporter/engine.h"
#include "exporter/log.h"
#include "exporter/time_text.h"
#include "tests/support/event_loop.h"
#include "tests/support/fake_collector.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class EngineAnnouncementsTest : public testing::Test {
 protected:
  EngineAnnouncementsTest() {
    start_log(LogLevel::error, LogFormat::logfmt);
    for (const char* name : {"a", "b", "c"}) node(name, "1");
  }
  ~EngineAnnouncementsTest() override { start_log(LogLevel::info, LogFormat::logfmt); }

  FakeNode& node(const std::string& name, const std::string& state) {
    auto& there = (*nodes)[name];
    if (!there) there = std::make_shared<FakeNode>();
    State read;
    read.key.fingerprint = std::hash<std::string>{}(state) | 1U;
    read.text = state;
    there->report.dimensions["fake"] = Reading{read, false, std::nullopt};
    return *there;
  }

  Config config() const {
    ServiceConfig service;
    service.settings.name = "web";
    service.settings.owner = "shop";
    CollectEntry entry{"fake", {}, nullptr};
    for (const char* name : {"a", "b", "c"}) {
      service.settings.nodes.push_back({name, name, {}, true});
      entry.by_node[name] = std::make_shared<FakeCollector>(nodes, false);
    }
    service.collect.push_back(std::move(entry));
    Config made;
    made.cadences.poll_interval = milliseconds(20);
    made.cadences.poll_timeout = milliseconds(15);
    made.services.push_back(std::move(service));
    return made;
  }

  void start() {
    last.reset();
    const auto publish = [this](std::shared_ptr<const Snapshot> snapshot) {
      last = std::move(snapshot);
    };
    const auto keep = [this](Histories histories) { kept = std::move(histories); };
    const auto hear = [this](auto all) { announced = std::move(all); };
    engine.emplace(io.get_executor(), config(), publish, nullptr, Engine::Past{kept, keep, hear});
  }
  bool complete() {
    return run_until(io, [&] { return last && last->incomplete == 0; });
  }
  Accepted<Announced> say(AnnouncementKind kind, const std::string& json) {
    const auto word = parse_word(kind, json, std::chrono::system_clock::now());
    EXPECT_TRUE(word) << word.error().message;
    return engine->announce(*word, "ci");
  }
  Accepted<Announced> change(const std::string& more = R"("state": "2", "deadline": "1h")") {
    return say(AnnouncementKind::change,
               R"({"service": "web", "dimension": "fake", "deploy_id": "d-1", )" + more + "}");
  }

  const DimensionView& fake() const { return last->services.at(0).dimensions.at("fake"); }
  Status status(const std::string& name) const {
    for (const auto& view : last->services.at(0).nodes)
      if (view.name == name) return view.dimensions.at("fake").status;
    return Status::unknown;
  }
  Standing standing() const { return announced->at(0).services.at("web"); }

  std::shared_ptr<FakeNodes> nodes = std::make_shared<FakeNodes>();
  std::shared_ptr<const Snapshot> last;
  std::shared_ptr<const std::vector<Announced>> announced;
  Histories kept;
  asio::io_context io;
  std::optional<Engine> engine;
};

TEST_F(EngineAnnouncementsTest, ADeclaredTargetIsCanonicalBeforeTheAnswer) {
  start();
  ASSERT_TRUE(complete());
  EXPECT_EQ(status("a"), Status::canonical);
  ASSERT_TRUE(change());
  EXPECT_EQ(fake().canonical.at("").text, "2");
  EXPECT_EQ(status("a"), Status::transition);
  EXPECT_EQ(fake().open_change->deploy_id, "d-1");
  EXPECT_TRUE(kept.at("web").announced.contains(announced->at(0).said.id));
}

TEST_F(EngineAnnouncementsTest, ItsOutcomeIsToldOnceAllNodesAreThere) {
  start();
  ASSERT_TRUE(complete());
  ASSERT_TRUE(change());
  EXPECT_EQ(standing().ended, std::nullopt);
  for (const char* name : {"a", "b", "c"}) node(name, "2");
  ASSERT_TRUE(run_until(io, [&] { return standing().ended.has_value(); }));
  EXPECT_EQ(standing().outcome, Outcome::converged);
}

TEST_F(EngineAnnouncementsTest, AFinishedChangeMakesWhoIsLateDivergent) {
  start();
  ASSERT_TRUE(complete());
  const auto before = format_timestamp(std::chrono::system_clock::now() - hours(1));
  ASSERT_TRUE(change(R"("state": "2", "deadline": "2h", "started": ")" + before + '"'));
  EXPECT_EQ(status("a"), Status::transition);
  ASSERT_TRUE(change(R"("closed": "finished")"));
  EXPECT_EQ(status("a"), Status::divergent);
  EXPECT_EQ(fake().canonical.at("").text, "2");
}

TEST_F(EngineAnnouncementsTest, AnAbandonedChangeMakesWhereItCameFromCanonical) {
  start();
  ASSERT_TRUE(complete());
  ASSERT_TRUE(change());
  node("a", "2");
  ASSERT_TRUE(run_until(io, [&] { return status("a") == Status::canonical; }));
  ASSERT_TRUE(change(R"("closed": "abandoned")"));
  EXPECT_EQ(fake().canonical.at("").text, "1");
  EXPECT_EQ(status("b"), Status::canonical);
  EXPECT_EQ(status("a"), Status::transition) << "on its way back";
  EXPECT_EQ(standing().outcome, Outcome::superseded);
}

TEST_F(EngineAnnouncementsTest, AbandoningADeployThatAnotherReplacedLeavesThatOneCanonical) {
  start();
  ASSERT_TRUE(complete());
  ASSERT_TRUE(change());
  ASSERT_TRUE(say(AnnouncementKind::change, R"({"service": "web", "dimension": "fake",
    "deploy_id": "d-2", "state": "3", "deadline": "1h"})"));
  ASSERT_TRUE(change(R"("closed": "abandoned")"));
  EXPECT_EQ(fake().canonical.at("").text, "3");
  ASSERT_TRUE(fake().open_change);
  EXPECT_EQ(fake().open_change->deploy_id, "d-2");
}

TEST_F(EngineAnnouncementsTest, AbandoningADeployThatEveryNodeHeldAlreadyIsNoError) {
  for (const char* name : {"a", "b", "c"}) node(name, "2");
  start();
  ASSERT_TRUE(complete());
  ASSERT_TRUE(change());
  EXPECT_EQ(standing().outcome, Outcome::converged);
  ASSERT_TRUE(change(R"("closed": "abandoned")"));
  EXPECT_EQ(fake().canonical.at("").text, "2");
}

TEST_F(EngineAnnouncementsTest, AnotherRunGoesOnWithIt) {
  start();
  ASSERT_TRUE(complete());
  ASSERT_TRUE(change());
  engine.reset();
  start();
  ASSERT_TRUE(complete());
  EXPECT_EQ(status("a"), Status::transition);
  EXPECT_EQ(fake().changes.size(), 0U) << "the same change, not one that replaces it";
}

// The process may die before anything was evaluated.
TEST_F(EngineAnnouncementsTest, WhatWasAnnouncedBeforeTheFirstRoundIsNotLost) {
  node("b", "1").polls = {{Does::What::hangs}};
  start();
  ASSERT_TRUE(change());
  EXPECT_EQ(standing().ended, std::nullopt);
  engine.reset();
  start();
  ASSERT_TRUE(complete());
  EXPECT_EQ(status("a"), Status::transition);
}

TEST_F(EngineAnnouncementsTest, AnAcknowledgementAllowsUntilItIsTakenBack) {
  start();
  ASSERT_TRUE(complete());
  node("c", "9");
  ASSERT_TRUE(run_until(io, [&] { return status("c") == Status::divergent; }));
  const auto told = say(AnnouncementKind::acknowledgement, R"({"service": "web",
    "dimension": "fake", "nodes": ["c"], "owner": "dba", "reason": "test", "until": "1h"})");
  ASSERT_TRUE(told);
  EXPECT_EQ(status("c"), Status::transition);
  EXPECT_EQ(fake().allowances.at(AllowanceSource::acknowledged), 1);
  engine->reload(config());
  EXPECT_EQ(status("c"), Status::transition) << "a reload keeps it";
  ASSERT_TRUE(
      engine->announce(Word(Release{AnnouncementKind::acknowledgement, told->said.id}), "ci"));
  EXPECT_EQ(status("c"), Status::divergent);
}

TEST_F(EngineAnnouncementsTest, AHoldIsInTheSnapshot) {
  start();
  ASSERT_TRUE(complete());
  EXPECT_FALSE(last->services.at(0).hold);
  ASSERT_TRUE(say(AnnouncementKind::hold, R"({"selector": {"owner": "shop"}, "owner": "sre",
    "reason": "incident", "until": "1h"})"));
  ASSERT_TRUE(last->services.at(0).hold);
  EXPECT_EQ(last->services.at(0).hold->reason, "incident");
  engine->reload(config());
  EXPECT_TRUE(last->services.at(0).hold);
}

TEST_F(EngineAnnouncementsTest, WhatIsRefusedChangesNothing) {
  start();
  ASSERT_TRUE(complete());
  const auto unknown = say(AnnouncementKind::change, R"({"service": "wep", "dimension": "fake",
    "deploy_id": "d", "state": "2", "deadline": "1h"})");
  EXPECT_EQ(unknown.error().status, 404);
  EXPECT_EQ(unknown.error().sentence, "service: there is no \"wep\"; did you mean `web`?");
  EXPECT_EQ(change(R"("closed": "finished")").error().status, 404);
  EXPECT_TRUE(announced->empty());
  EXPECT_EQ(status("a"), Status::canonical);
}

}  // namespace
}  // namespace mse
