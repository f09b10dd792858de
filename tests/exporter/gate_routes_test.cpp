// The gate over HTTP, asked as pipelines ask.
#include "exporter/gate_routes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/exporter/gate_case.h"

namespace mse {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Mono kNow{std::chrono::hours(1)};

std::shared_ptr<const Page> page_of(const ServiceView& service, Duration age = seconds(2)) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->at = kNow - age;
  snapshot->wall = kGateNoon;
  snapshot->services = {service};
  snapshot->waiting = {"late"};
  const auto made = std::make_shared<Page>();
  made->at = snapshot->at;
  made->snapshot = snapshot;
  return made;
}

GateCase held() {
  GateCase shop;
  shop.diverges(1, "X");
  return shop;
}

struct Asking {
  GateCase shop;

  Answer get(std::string_view query, Duration age = seconds(2)) const {
    Request request;
    request.method = "GET";
    request.path = "/api/v1/gate";
    request.query = query;
    return answer(request, page_of(shop.service, age), {}, kNow);
  }
  json body(std::string_view query) const { return json::parse(*get(query).body); }
  Answer post(std::string_view path, std::string_view body, Duration age = seconds(2)) const {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    return answer(request, page_of(shop.service, age), {}, kNow);
  }
};

constexpr std::string_view kHook = "/api/v1/gate/flagger";
constexpr std::string_view kRollbackHook = "/api/v1/gate/flagger/rollback";

TEST(GateRoute, AnswersEveryVerdictWith200AndJson) {
  Asking ask;
  EXPECT_EQ(ask.get("service=shop").status, 200);
  EXPECT_EQ(ask.get("service=shop").type, "application/json");
  const json go = ask.body("service=shop&deploy_id=d-1&target=B&dimension=config");
  EXPECT_EQ(go.at("verdict"), "go");
  EXPECT_EQ(go.at("allow"), true);
  EXPECT_EQ(go.at("reasons"), json::array());
  EXPECT_EQ(go.at("data_age_seconds"), 2.0);
  EXPECT_EQ(go.at("evaluated_at"), "2019-12-20T00:00:00Z");
  EXPECT_EQ(go.at("deploy_id"), "d-1");
  EXPECT_EQ(go.at("exposure_ratio"), nullptr);

  ask.shop = held();
  EXPECT_EQ(ask.get("service=shop").status, 200);
  const json hold = ask.body("service=shop");
  EXPECT_EQ(hold.at("allow"), false);
  EXPECT_EQ(hold.at("retry_after_seconds"), 30.0);
  const json& reason = hold.at("reasons").at(0);
  EXPECT_EQ(reason.at("code"), "divergent_nodes");
  EXPECT_EQ(reason.at("dimension"), "config");
  EXPECT_EQ(reason.at("nodes"), json({"n1"}));
  EXPECT_EQ(reason.at("node_count"), 1);
  EXPECT_EQ(reason.at("since"), "2019-12-19T23:59:00Z");
  EXPECT_EQ(ask.body("service=shop&target=X").at("verdict"), "go");

  const json late = ask.body("service=late");
  EXPECT_EQ(late.at("verdict"), "unknown");
  EXPECT_EQ(late.at("allow"), nullptr);
}

TEST(GateRoute, FailsWithAStatusWhenAskedTo) {
  Asking ask;
  EXPECT_EQ(ask.get("service=shop&fail=true").status, 200);
  EXPECT_EQ(ask.get("service=late&fail=true").status, 503);
  ask.shop = held();
  const Answer hold = ask.get("service=shop&fail=true");
  EXPECT_EQ(hold.status, 409);
  EXPECT_THAT(head(hold), HasSubstr("\r\nRetry-After: 30\r\n"));
  EXPECT_THAT(head(hold), StartsWith("HTTP/1.1 409 Conflict\r\n"));
  EXPECT_EQ(ask.get("service=shop&fail=false").status, 200);
  ask.shop.change("A", "B", "d-1").reached = seconds(1);
  ask.shop.dimension().compatible = false;
  EXPECT_EQ(ask.get("service=shop&fail=true&deploy_id=d-1").status, 409);
  EXPECT_EQ(ask.body("service=shop&fail=true&deploy_id=d-1").at("verdict"), "rollback");
}

TEST(GateRoute, AStaleSnapshotIsUnknown) {
  const Asking ask;
  const json stale = json::parse(*ask.get("service=shop", seconds(61)).body);
  EXPECT_EQ(stale.at("verdict"), "unknown");
  EXPECT_EQ(stale.at("reasons").at(0).at("code"), "stale");
  EXPECT_EQ(stale.at("data_age_seconds"), 61.0);
}

TEST(GateRoute, BeforeAnySnapshotEveryServiceIsUnknown) {
  Request request;
  request.query = "service=anything";
  const Answer early = answer_gate(request, nullptr, kNow);
  EXPECT_EQ(early.status, 200);
  EXPECT_EQ(json::parse(*early.body).at("verdict"), "unknown");
  EXPECT_EQ(json::parse(*early.body).at("data_age_seconds"), nullptr);
}

TEST(GateRoute, RefusesWhatMeansNothing) {
  const Asking ask;
  EXPECT_EQ(ask.get("service=nowhere").status, 404);
  EXPECT_EQ(ask.body("service=nowhere").at("error"), "There is no service \"nowhere\" here.");
  for (const char* query : {"", "service=", "service=shop&tagret=B", "service=shop&fail=yes",
                            "service=%zz", "service=shop&service=shop"}) {
    EXPECT_EQ(ask.get(query).status, 400) << query;
    EXPECT_TRUE(ask.body(query).contains("error")) << query;
  }
}

TEST(GateRoute, HostileNamesComeOutAsJsonStrings) {
  Asking ask;
  ask.shop = held();
  ask.shop.service.nodes[1].name = "<script>\"\xff\n";
  EXPECT_EQ(ask.body("service=shop").at("reasons").at(0).at("nodes").at(0),
            "<script>\"\xEF\xBF\xBD\n");
  EXPECT_EQ(ask.body("service=shop&deploy_id=%ff%00").at("deploy_id"),
            std::string("\xEF\xBF\xBD\0", 4));
  EXPECT_EQ(ask.get("service=%ff").status, 404);
}

TEST(FlaggerHook, PassesGoAndDeniesTheRestWithItsReason) {
  Asking ask;
  const std::string body =
      R"({"name":"shop","namespace":"prod","phase":"Progressing","checksum":"d-1","metadata":{}})";
  EXPECT_EQ(ask.post(kHook, body).status, 200);
  ask.shop = held();
  const Answer hold = ask.post(kHook, body);
  EXPECT_EQ(hold.status, 409);
  EXPECT_THAT(*hold.body, StartsWith("hold: 1 node diverged in config"));
  EXPECT_THAT(*hold.body, HasSubstr(" (n1) Cleared when: "));
  EXPECT_EQ(hold.type, "text/plain; charset=utf-8");
  ask.shop.is_unknown(2);
  EXPECT_EQ(ask.post(kHook, body).status, 409);
  EXPECT_EQ(ask.post(kHook, body, seconds(61)).status, 503);
}

TEST(FlaggerHook, ReadsServiceDeployAndTargetFromMetadataFirst) {
  Asking ask;
  ask.shop.diverges(1, "B");
  EXPECT_EQ(ask.post(kHook, R"({"name":"other"})").status, 404);
  EXPECT_EQ(ask.post(kHook, R"({"name":"other","metadata":{"service":"shop"}})").status, 409);
  EXPECT_EQ(ask.post(kHook, R"({"name":"x","metadata":{"service":"shop","target":"B"}})").status,
            200);
  ask.shop.change("A", "B", "d-1");
  EXPECT_EQ(ask.post(kHook, R"({"name":"shop","checksum":"d-1"})").status, 200);
  EXPECT_EQ(ask.post(kHook, R"({"name":"shop","checksum":"d-2"})").status, 409);
  EXPECT_EQ(
      ask.post(kHook, R"({"name":"shop","checksum":"d-2","metadata":{"deploy_id":"d-1"}})").status,
      200);
}

TEST(FlaggerHook, RefusesABodyThatIsNone) {
  const Asking ask;
  const std::string deep(60000, '[');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), deep, std::string("{}"),
        std::string(R"({"metadata":{"service":7}})"), std::string("{\"name\":\"\xff\"}")}) {
    EXPECT_EQ(ask.post(kHook, body).status, 400) << body.substr(0, 20);
    EXPECT_EQ(ask.post(kRollbackHook, body).status, 400) << body.substr(0, 20);
  }
  EXPECT_EQ(ask.post(kHook, R"({"name":"shop","metadata":[]})").status, 200);
  EXPECT_EQ(ask.post(kHook, R"({"name":"shop","metadata":null})").status, 200);
}

TEST(FlaggerHook, TakesThePostAlone) {
  const Asking ask;
  Request request;
  request.method = "GET";
  request.path = kHook;
  EXPECT_EQ(answer(request, page_of(ask.shop.service), {}, kNow).status, 405);
}

TEST(FlaggerRollbackHook, SaysYesToARollbackOnly) {
  Asking ask;
  const std::string body = R"({"name":"shop","checksum":"d-1"})";
  EXPECT_EQ(ask.post(kRollbackHook, body).status, 409);
  ask.shop.change("A", "B", "d-1").reached = seconds(1);
  ask.shop.dimension().compatible = false;
  EXPECT_EQ(ask.post(kRollbackHook, body).status, 200);
  EXPECT_EQ(ask.post(kHook, body).status, 409);
  EXPECT_EQ(ask.post(kRollbackHook, body, seconds(61)).status, 409);
  EXPECT_EQ(ask.post(kRollbackHook, R"({"name":"nowhere"})").status, 404);
  ask.shop.is_unknown(2);
  EXPECT_EQ(ask.post(kRollbackHook, body).status, 409);
}

TEST(GateLine, IsShortAndPlain) {
  GateCase shop;
  for (std::size_t node = 0; node < 9; ++node) {
    shop.diverges(node, "X");
    shop.service.nodes[node].name = std::string(250, 'n') + "\n";
  }
  const Asking ask{shop};
  const std::string text = *ask.post(kHook, R"({"name":"shop"})").body;
  EXPECT_LE(text.size(), 520U);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

}  // namespace
}  // namespace mse
