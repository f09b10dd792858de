// The commands that ask a running exporter, over answers that a test makes.
#include "exporter/client.h"

#include <gmock/gmock.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "exporter/status_json.h"
#include "tests/exporter/gate_case.h"

namespace mse {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

json answer_json(const std::string& verdict, const std::string& what = "") {
  json reasons = json::array();
  if (!what.empty())
    reasons.push_back(
        {{"code", "x"}, {"what", what}, {"nodes", {"n1"}}, {"node_count", 3}, {"clears", "mend"}});
  return {{"verdict", verdict}, {"reasons", reasons}, {"retry_after_seconds", 7}};
}

// Time passes when the command sleeps; each URL answers what it was given, the last again and
// again.
struct Commanded : ::testing::Test {
  ClientOptions options;
  std::map<std::string, std::deque<Result<ClientAnswer>>> says;
  std::vector<std::string> asked, printed, complained;
  std::vector<Duration> slept;
  Mono now{std::chrono::hours(1)};
  Outside outside;

  void SetUp() override {
    options.urls = {"http://one"};
    options.service = "shop";
    outside.ask = [this](const std::string& url) { return ask(url); };
    outside.now = [this] { return now; };
    outside.sleep = [this](Duration time) {
      slept.push_back(time);
      now += time;
    };
    outside.print = [this](const std::string& text) { printed.push_back(text); };
    outside.complain = [this](const std::string& text) { complained.push_back(text); };
  }
  Result<ClientAnswer> ask(const std::string& url) {
    asked.push_back(url);
    auto& queue = says[url.substr(0, url.find('/', 7))];
    if (queue.empty()) return fail("refused");
    auto next = queue.front();
    if (queue.size() > 1) queue.pop_front();
    return next;
  }
  void say(const json& body, int status = 200, const std::string& url = "http://one") {
    says[url].push_back(ClientAnswer{status, body.dump()});
  }
};

TEST_F(Commanded, AsksTheGateWithAllItIsTold) {
  options.deploy_id = "d&1";
  options.target = "v 2";
  options.dimension = "config";
  options.urls = {"http://one/"};
  say(answer_json("go"));
  EXPECT_EQ(run_gate(options, outside), kExitGo);
  EXPECT_THAT(asked, ElementsAre("http://one/api/v1/gate?service=shop&deploy_id=d%261&target=v%202&"
                                 "dimension=config"));
  EXPECT_THAT(printed, ElementsAre("go shop\n"));
}

TEST_F(Commanded, ExitsAsTheVerdictSays) {
  for (const auto& [verdict, exit] : std::map<std::string, int>{
           {"go", 0}, {"hold", 1}, {"unknown", 2}, {"rollback", 4}, {"GO", 2}, {"", 2}}) {
    says.clear();
    say(answer_json(verdict));
    EXPECT_EQ(run_gate(options, outside), exit) << verdict;
  }
}

TEST_F(Commanded, SaysWhyWhereAndWhatWouldClearIt) {
  json held = answer_json("hold", "3 nodes diverged.");
  held["converged_ratio"] = 0.25;
  say(held);
  run_gate(options, outside);
  EXPECT_THAT(printed, ElementsAre("hold shop: 3 nodes diverged. (n1, …) [25.0% at the target] "
                                   "Cleared when: mend\n"));
}

TEST_F(Commanded, WithoutAnAnswerItIsUnknownAndNeverGo) {
  EXPECT_EQ(run_gate(options, outside), kExitUnknown);
  EXPECT_THAT(printed.at(0), HasSubstr("http://one: refused"));
  for (const std::string body : {"", "[]", "{}", "not JSON", R"({"verdict":7})", R"("go")"}) {
    says.clear();
    says["http://one"].push_back(ClientAnswer{200, body});
    EXPECT_EQ(run_gate(options, outside), kExitUnknown) << body;
  }
  says.clear();
  say(answer_json("go"), 500);
  EXPECT_EQ(run_gate(options, outside), kExitUnknown);
}

TEST_F(Commanded, AServiceThatIsNotThereIsAskedWronglyAndEndsTheWait) {
  options.wait = minutes(10);
  say({{"error", "There is no service \"shop\" here."}}, 404);
  EXPECT_EQ(run_gate(options, outside), kExitUsage);
  EXPECT_TRUE(slept.empty());
  EXPECT_THAT(printed.at(0), HasSubstr("There is no service \"shop\" here."));
}

TEST_F(Commanded, OfTwinsTheWorstAnswerCounts) {
  options.urls = {"http://one", "http://two"};
  say(answer_json("go"));
  say(answer_json("hold", "new drift."), 200, "http://two");
  EXPECT_EQ(run_gate(options, outside), kExitHold);
  says.clear();
  say(answer_json("unknown"));
  say(answer_json("go"), 200, "http://two");
  EXPECT_EQ(run_gate(options, outside), kExitUnknown);
}

TEST_F(Commanded, OfTwinsWhoDoesNotAnswerIsToldAndLeftOut) {
  options.urls = {"http://one", "http://two"};
  say(answer_json("go"));
  EXPECT_EQ(run_gate(options, outside), kExitGo);
  EXPECT_THAT(complained, ElementsAre("http://two: refused\n"));
}

TEST_F(Commanded, ATwinThatDoesNotKnowTheServiceEndsNoWaitForTheOther) {
  options.urls = {"http://one", "http://two"};
  options.wait = minutes(10);
  say({{"error", "There is no service \"shop\" here."}}, 404);
  say(json::object(), 503, "http://two");
  say({{"error", "There is no service \"shop\" here."}}, 404);
  say(answer_json("go"), 200, "http://two");
  EXPECT_EQ(run_gate(options, outside), kExitGo);
  EXPECT_EQ(slept.size(), 1U);
}

TEST_F(Commanded, WaitsUntilItMayGoAndPrintsEachChangeOnce) {
  options.wait = minutes(10);
  say(answer_json("hold", "new drift."));
  say(answer_json("hold", "new drift."));
  say(answer_json("unknown", "a node is gone."));
  say(answer_json("go"));
  EXPECT_EQ(run_gate(options, outside), kExitGo);
  EXPECT_EQ(printed.size(), 3U);
  EXPECT_THAT(printed.back(), StartsWith("go shop"));
  EXPECT_EQ(slept, std::vector<Duration>(3, seconds(7)));
}

TEST_F(Commanded, GivesUpWhenTheTimeIsOver) {
  options.wait = seconds(16);
  say(answer_json("hold", "new drift."));
  EXPECT_EQ(run_gate(options, outside), kExitHold);
  EXPECT_EQ(now, Mono(std::chrono::hours(1)) + seconds(16));
  EXPECT_EQ(slept.back(), seconds(2));
}

TEST_F(Commanded, ARollbackEndsTheWait) {
  options.wait = minutes(10);
  say(answer_json("rollback", "over budget."));
  EXPECT_EQ(run_gate(options, outside), kExitRollback);
  EXPECT_TRUE(slept.empty());
}

TEST_F(Commanded, OnATerminalOneLineIsWrittenOver) {
  outside.terminal = true;
  options.wait = minutes(1);
  say(answer_json("hold", "new drift."));
  say(answer_json("go"));
  run_gate(options, outside);
  EXPECT_THAT(printed,
              ElementsAre(StartsWith("\r\x1b[Khold shop: new drift."), "\r\x1b[K", "go shop\n"));
  EXPECT_THAT(printed[0], Not(HasSubstr("\n")));
}

TEST_F(Commanded, WhatIsRemoteCannotSteerTheTerminal) {
  say(answer_json("hold", "\x1b[2J\r\nnew drift"));
  run_gate(options, outside);
  EXPECT_EQ(printed.at(0).find('\x1b'), std::string::npos);
  EXPECT_EQ(printed.at(0).find('\n'), printed.at(0).size() - 1);
}

// Answers as a real snapshot gives them.
struct Shown : Commanded {
  GateCase shop;

  std::string shown(const StatusFilter& filter = {}, Duration age = seconds(2)) const {
    Snapshot snapshot;
    snapshot.at = now - age;
    snapshot.wall = kGateNoon;
    snapshot.services = {shop.service};
    snapshot.waiting = {"late"};
    return status_json(snapshot, filter, now).value();
  }
  void show(const StatusFilter& filter = {}, Duration age = seconds(2)) {
    says["http://one"] = {ClientAnswer{200, shown(filter, age)}};
  }
  std::string all_printed() const {
    std::string out;
    for (const std::string& text : printed) out += text;
    return out;
  }
  int diff() {
    options.dimension = "config";
    show({"shop", "config", ""});
    return run_diff(options, outside);
  }
};

TEST_F(Shown, StatusIsATableOfServicesAndOfNodesThatAreNotCanonical) {
  shop.diverges(1, "X");
  shop.at(1).differing_keys = {"work_mem"};
  shop.is_unknown(2);
  shop.at(2).reason = Reason::refused;
  shop.change("A", "B", "d-1").converged_ratio = 0.3;
  for (NodeView& node : shop.service.nodes) node.exposure = Status::canonical;
  show();
  EXPECT_EQ(run_status(options, outside), kExitGo);
  const std::string text = all_printed();
  EXPECT_THAT(text, HasSubstr("late: the first round is incomplete\n"));
  EXPECT_THAT(text, testing::ContainsRegex("shop +unknown +10 +1 +1 +0 +0.0% +100.0% +config to B "
                                           "30.0% \\(d-1\\)\n"));
  EXPECT_THAT(text, testing::ContainsRegex("shop +n1 +config +divergent +X +2019-12-19T23:59:00Z +"
                                           "differs in work_mem\n"));
  EXPECT_THAT(text, testing::ContainsRegex("shop +n2 +config +unknown .* refused\n"));
}

TEST_F(Shown, StatusOfSeveralExportersTellsEachServiceOnce) {
  options.urls = {"http://one", "http://two", "http://three"};
  show();
  says["http://two"] = says["http://one"];
  EXPECT_EQ(run_status(options, outside), kExitGo);
  const std::string text = all_printed();
  EXPECT_EQ(text.find("shop "), text.rfind("shop "));
  EXPECT_THAT(complained, ElementsAre("http://three: refused\n"));
}

TEST_F(Shown, StatusSaysWhenItIsTooOld) {
  show({}, minutes(5));
  run_status(options, outside);
  EXPECT_THAT(all_printed(), HasSubstr("too old to be believed"));
  EXPECT_THAT(all_printed(), testing::ContainsRegex("shop +unknown"));
}

TEST_F(Shown, StatusAndDiffWithoutAnAnswer) {
  EXPECT_EQ(run_status(options, outside), kExitUnknown);
  EXPECT_EQ(run_diff(options, outside), kExitUnknown);
  say({{"error", "There is no service \"shop\" here."}}, 404);
  EXPECT_EQ(run_diff(options, outside), kExitUsage);
  EXPECT_THAT(complained.back(), HasSubstr("There is no service"));
}

TEST_F(Shown, DiffOfEqualNodesIsNothing) {
  EXPECT_EQ(diff(), kExitGo);
  EXPECT_THAT(asked, ElementsAre("http://one/api/v1/status?service=shop&dimension=config"));
  EXPECT_THAT(printed, ElementsAre("All nodes hold the canonical state.\n"));
}

TEST_F(Shown, DiffNamesTheKeysAndPutsNodesThatDifferAlikeTogether) {
  for (const std::size_t node : {1U, 2U}) {
    shop.diverges(node, "X");
    shop.at(node).differing_keys = {"shared_buffers", "work_mem"};
  }
  shop.diverges(3, "Y");
  EXPECT_EQ(diff(), kExitHold);
  EXPECT_THAT(all_printed(), testing::ContainsRegex(
                                 "n1, n2 +divergent +X +differs in shared_buffers, work_mem\n"));
  EXPECT_THAT(all_printed(), testing::ContainsRegex("n3 +divergent +Y\n"));
}

TEST_F(Shown, DiffOfWhatIsNotKnownIsNotEqual) {
  shop.is_unknown(1);
  EXPECT_EQ(diff(), kExitUnknown);
  GateCase fresh;
  shop = fresh;
  shop.dimension().canonical[""] = {{}, "", NoCanonical::no_majority};
  EXPECT_EQ(diff(), kExitUnknown);
  shop = fresh;
  show({"shop", "config", ""}, minutes(5));
  EXPECT_EQ(run_diff(options, outside), kExitUnknown);
  shop.service.name = "other";
  show();
  says["http://one"] = {ClientAnswer{200, R"({"services":[]})"}};
  EXPECT_EQ(run_diff(options, outside), kExitUnknown);
}

}  // namespace
}  // namespace mse
