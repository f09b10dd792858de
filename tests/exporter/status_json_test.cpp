// The status as JSON: what it holds, what it refuses, and that it stays small.
#include "exporter/status_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/routes.h"
#include "tests/exporter/gate_case.h"
#include "tests/support/mixed_snapshot.h"
#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr Mono kNow{std::chrono::hours(1)};

Snapshot with(const GateCase& shop, Duration age = seconds(2)) {
  Snapshot snapshot;
  snapshot.at = kNow - age;
  snapshot.wall = kGateNoon;
  snapshot.services = {shop.service};
  return snapshot;
}

json status(const Snapshot& snapshot, const StatusFilter& filter = {}) {
  return json::parse(status_json(snapshot, filter, kNow).value());
}
json service(const GateCase& shop, const StatusFilter& filter = {}) {
  return status(with(shop), filter).at("services").at(0);
}

TEST(StatusJson, TellsAgeServicesAndThoseThatWait) {
  Snapshot snapshot = with(GateCase());
  snapshot.waiting = {"late"};
  const json fresh = status(snapshot);
  EXPECT_EQ(fresh.at("data_age_seconds"), 2.0);
  EXPECT_EQ(fresh.at("stale"), false);
  EXPECT_EQ(fresh.at("evaluated_at"), "2019-12-20T00:00:00Z");
  EXPECT_EQ(fresh.at("waiting"), json({"late"}));
  EXPECT_EQ(fresh.at("services").size(), 1U);
  const json old = status(with(GateCase(), minutes(2)));
  EXPECT_EQ(old.at("stale"), true);
  EXPECT_EQ(old.at("services").at(0).at("gate").at("verdict"), "unknown");
}

TEST(StatusJson, OfAServiceTellsGateExposureDimensionsAndHold) {
  GateCase shop;
  shop.service.owner = "payments";
  shop.diverges(1, "X");
  shop.change("A", "B", "d-1").converged_ratio = 0.3;
  shop.service.hold = ManualHold{"ann", "freeze", kGateNoon};
  shop.service.burn = {0.25, {}, {}};
  for (NodeView& node : shop.service.nodes) node.exposure = Status::canonical;
  shop.service.nodes[1].exposure = Status::divergent;
  shop.service.nodes[2].exposure = Status::unknown;
  const json told = service(shop);
  EXPECT_EQ(told.at("owner"), "payments");
  EXPECT_EQ(told.at("gate").at("verdict"), "hold");
  EXPECT_EQ(told.at("gate").at("deploy_id"), "d-1");
  EXPECT_EQ(told.at("gate").at("reasons").at(0).at("code"), "manual_hold");
  EXPECT_EQ(told.at("hold").at("owner"), "ann");
  EXPECT_NEAR(told.at("exposure").at("strict_ratio"), 1.0 / 9, 1e-9);
  EXPECT_NEAR(told.at("exposure").at("coverage_ratio"), 0.9, 1e-9);
  EXPECT_EQ(told.at("exposure").at("unplanned_5m_ratios"), json({0.25, nullptr, nullptr}));
  const json& config = told.at("dimensions").at(1);
  EXPECT_EQ(config.at("dimension"), "config");
  EXPECT_EQ(config.at("nodes").at("divergent"), 1);
  EXPECT_EQ(config.at("canonical").at(0).at("state"), "A");
  EXPECT_EQ(config.at("changes").at(0).at("to"), "B");
  EXPECT_EQ(config.at("changes").at(0).at("deploy_id"), "d-1");
  EXPECT_EQ(config.at("changes").at(0).at("outcome"), nullptr);
}

TEST(StatusJson, OfNodesTellsThoseThatAreNotCanonicalWorstFirst) {
  GateCase shop;
  shop.is(0, Status::transition, "B");
  shop.at(0).allowance = AllowanceSource::acknowledged;
  shop.at(0).allowance_why = "reporting";
  shop.at(0).allowance_who = "dba";
  shop.at(0).allowance_until = kGateNoon;
  shop.is_unknown(1);
  shop.at(1).reason = Reason::refused;
  shop.diverges(2, "X");
  shop.at(2).preexisting = true;
  shop.diverges(3, "Y");
  shop.at(3).differing_keys = {"a", "b"};
  const json nodes = service(shop).at("nodes");
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_EQ(nodes.at(0).at("node"), "n3");
  EXPECT_EQ(nodes.at(0).at("differing_keys"), json({"a", "b"}));
  EXPECT_EQ(nodes.at(0).at("since"), "2019-12-19T23:57:00Z");
  EXPECT_EQ(nodes.at(1).at("preexisting"), true);
  EXPECT_EQ(nodes.at(2).at("unknown_reason"), "refused");
  EXPECT_EQ(nodes.at(2).at("state"), nullptr);
  const json& allowance = nodes.at(3).at("allowance");
  EXPECT_EQ(allowance, json({{"source", "acknowledged"},
                             {"why", "reporting"},
                             {"who", "dba"},
                             {"until", "2019-12-20T00:00:00Z"}}));
}

TEST(StatusJson, AllowedByMaintenanceEndsWithTheWindow) {
  GateCase shop;
  shop.is(0, Status::transition, "B");
  shop.at(0).allowance = AllowanceSource::maintenance;
  shop.service.maintenance_end = kGateNoon + minutes(1);
  EXPECT_EQ(service(shop).at("nodes").at(0).at("allowance").at("until"), "2019-12-20T00:01:00Z");
}

TEST(StatusJson, CollectorsTellWhatFailedLast) {
  GateCase shop;
  CollectorView collector;
  collector.kind = "postgres";
  collector.interval = seconds(15);
  CollectorView::Node up{"n0", true, kGateNoon, 3};
  CollectorView::Node down{"n1", false, {}, 3};
  down.failed = CollectorView::Failed{kGateNoon, Reason::auth, "password refused"};
  collector.nodes = {up, down};
  collector.errors[Reason::auth] = 3;
  shop.service.collectors = {collector};
  const json told = service(shop).at("collectors").at(0);
  EXPECT_EQ(told.at("nodes_down"), 1);
  EXPECT_EQ(told.at("errors"), json({{"auth", 3}}));
  ASSERT_EQ(told.at("failures").size(), 1U);
  EXPECT_EQ(told.at("failures").at(0).at("reason"), "auth");
  EXPECT_EQ(told.at("failures").at(0).at("error"), "password refused");
}

TEST(StatusJson, ShowsWhatIsAskedForAlone) {
  GateCase shop;
  shop.diverges(1, "X");
  shop.diverges(1, "X", "access_policy");
  shop.diverges(2, "X");
  const json of_dimension = service(shop, {"shop", "config", ""});
  EXPECT_EQ(of_dimension.at("dimensions").size(), 1U);
  EXPECT_EQ(of_dimension.at("nodes").size(), 2U);
  const json of_node = service(shop, {"shop", "", "n1"});
  EXPECT_EQ(of_node.at("nodes").size(), 2U);
  const json of_a_good_node = service(shop, {"", "", "n3"});
  ASSERT_EQ(of_a_good_node.at("nodes").size(), 2U);
  EXPECT_EQ(of_a_good_node.at("nodes").at(0).at("status"), "canonical");
}

TEST(StatusJson, WhatIsNotThereIsAnError) {
  Snapshot snapshot = with(GateCase());
  snapshot.waiting = {"late"};
  const auto error = [&](const StatusFilter& filter) {
    return status_json(snapshot, filter, kNow).error().message;
  };
  EXPECT_EQ(error({"nowhere", "", ""}), "There is no service \"nowhere\" here.");
  EXPECT_EQ(error({"shop", "nothing", ""}), "There is no dimension \"nothing\" here.");
  EXPECT_EQ(error({"shop", "", "n99"}), "There is no node \"n99\" here.");
  EXPECT_EQ(status(snapshot, {"late", "", ""}).at("services"), json::array());
}

TEST(StatusJson, SecretsStayInside) {
  GateCase shop;
  const StateKey secret{77, "digest-of-a-secret"};
  shop.dimension().states = {{secret, "s", StateRole::target, 9, false},
                             {{77, "another-digest"}, "s", StateRole::other, 1, true}};
  shop.dimension().canonical[""].key = secret;
  const std::string text = status_json(with(shop), {}, kNow).value();
  EXPECT_THAT(text, Not(HasSubstr("digest")));
  EXPECT_EQ(service(shop).at("dimensions").at(1).at("states").at(1).at("fingerprint"), nullptr);
}

TEST(StatusJson, IsSmallWhateverTheFleet) {
  for (const Status all : {Status::divergent, Status::unknown}) {
    const Snapshot snapshot = wide_snapshot(10000, all);
    const std::string text = status_json(snapshot, {}, snapshot.at).value();
    EXPECT_LT(text.size(), 300'000U);
    const json fleet = json::parse(text).at("services").at(0);
    EXPECT_EQ(fleet.at("nodes").size() + fleet.at("nodes_left_out").get<std::size_t>(), 50'000U);
  }
}

TEST(StatusJson, HostileNamesComeOutAsJsonStrings) {
  const Snapshot snapshot = rich_snapshot();
  const json told = json::parse(status_json(snapshot, {}, snapshot.at).value());
  EXPECT_EQ(told.at("services").size(), 3U);
  EXPECT_EQ(told.at("services").at(2).at("service"),
            "quote \" backslash \\ newline \n caf\xEF\xBF\xBD");
}

Answer ask(std::string_view query, const std::shared_ptr<const Page>& page) {
  Request request;
  request.method = "GET";
  request.path = "/api/v1/status";
  request.query = query;
  return answer(request, page, {}, kNow);
}

TEST(StatusRoute, AnswersJsonAndRefusesWhatMeansNothing) {
  const auto page = std::make_shared<Page>();
  page->snapshot = std::make_shared<const Snapshot>(with(GateCase()));
  page->at = page->snapshot->at;
  const Answer all = ask("", page);
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.type, "application/json");
  EXPECT_EQ(json::parse(*all.body).at("services").size(), 1U);
  EXPECT_EQ(ask("service=shop&dimension=config&node=n1", page).status, 200);
  EXPECT_EQ(ask("service=nowhere", page).status, 404);
  EXPECT_EQ(ask("services=shop", page).status, 400);
  EXPECT_EQ(ask("service=%zz", page).status, 400);
}

TEST(StatusRoute, BeforeAnySnapshotThereIsNothingToBelieve) {
  const Answer early = ask("", nullptr);
  EXPECT_EQ(early.status, 200);
  EXPECT_EQ(json::parse(*early.body).at("stale"), true);
  EXPECT_EQ(json::parse(*early.body).at("services"), json::array());
}

}  // namespace
}  // namespace mse
