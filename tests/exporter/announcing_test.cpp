// Who may announce over HTTP, and what is answered.
#include "exporter/announcing.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "exporter/log.h"

namespace mse {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kChange = R"({"service": "web", "dimension": "config", "deploy_id": "d-1",
  "state": "42", "deadline": "30m", "link": "https://ci/1"})";
constexpr std::string_view kJson = "application/json";

std::shared_ptr<const Page> page(Snapshot snapshot, std::vector<Announced> announced = {}) {
  auto made = std::make_shared<Page>();
  made->snapshot = std::make_shared<const Snapshot>(std::move(snapshot));
  made->announced = std::make_shared<const std::vector<Announced>>(std::move(announced));
  return made;
}

class AnnouncingTest : public testing::Test {
 protected:
  AnnouncingTest() {
    start_log(LogLevel::error, LogFormat::logfmt);
    settings.announce = [this](const Word& word, const std::string& by) -> Accepted<Told> {
      ++announced;
      if (refuse) return tl::unexpected(*refuse);
      if (std::holds_alternative<Release>(word)) return Told{told, true};
      told = {std::get<Announcement>(word), by, Wall{}, {}, false, {{"web", {}}}};
      return Told{told, durable};
    };
    request.method = "POST";
    request.path = "/api/v1/changes";
    request.identity = "ci";
    request.body = kChange;
    request.content_type = kJson;
    request.trusted = true;
  }
  ~AnnouncingTest() override { start_log(LogLevel::info, LogFormat::logfmt); }

  Answer ask(const std::shared_ptr<const Page>& newest = page({})) const {
    return answer(request, newest, settings, Mono{});
  }
  json list(const Snapshot& snapshot, std::vector<Announced> entries) {
    request.method = "GET";
    const auto result = ask(page(snapshot, std::move(entries)));
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.type, "application/json; charset=utf-8");
    return json::parse(*result.body).begin().value();
  }

  Request request;
  ServerSettings settings;
  Announced told;
  std::optional<Refused> refuse;
  bool durable = true;
  int announced = 0;
};

TEST_F(AnnouncingTest, SaysWhatIsInForceSinceWhenAndWhetherItSurvives) {
  const auto result = ask();
  EXPECT_EQ(result.status, 200);
  const auto body = json::parse(*result.body);
  EXPECT_EQ(body["id"], told.said.id);
  EXPECT_EQ(body["by"], "ci");
  EXPECT_EQ(body["services"], json({"web"}));
  EXPECT_EQ(body["state"], "42");
  EXPECT_EQ(body["link"], "https://ci/1");
  EXPECT_EQ(body["durable"], true);
  EXPECT_FALSE(body.contains("nodes"));
  durable = false;
  EXPECT_EQ(json::parse(*ask().body)["durable"], false);
}

TEST_F(AnnouncingTest, IsOffUnlessEnabled) {
  settings.announce = nullptr;
  for (const char* path : {"/api/v1/changes", "/api/v1/holds", "/api/v1/acknowledgements"}) {
    request.path = path;
    EXPECT_EQ(ask().status, 403);
    EXPECT_EQ(*ask().body, "The changes API is off; start with --web.enable-changes.\n");
  }
  request.method = "DELETE";
  request.path = "/api/v1/holds/0123456789abcdef";
  EXPECT_EQ(ask().status, 403);
}

TEST_F(AnnouncingTest, WhoHasNoIdentityMayNotAlsoNotOnThisMachine) {
  request.identity = "";
  EXPECT_EQ(ask().status, 403);
  EXPECT_EQ(*ask().body,
            "The changes API needs a user or client certificate of --web.config.file.\n");
  request.method = "DELETE";
  request.path = "/api/v1/holds/0123456789abcdef";
  EXPECT_EQ(ask().status, 403);
  EXPECT_EQ(announced, 0);
}

// A form of a foreign page cannot send this type without asking first, which is not answered.
TEST_F(AnnouncingTest, WhatIsNoJsonByItsTypeIsRefused) {
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=application/json", "application/jsonp"}) {
    request.content_type = type;
    EXPECT_EQ(ask().status, 415) << type;
  }
  EXPECT_EQ(announced, 0);
  for (const char* type : {"application/json; charset=utf-8", "Application/JSON ;x=y"}) {
    request.content_type = type;
    EXPECT_EQ(ask().status, 200) << type;
  }
}

TEST_F(AnnouncingTest, WhatIsWrongIsSaidInOneSentence) {
  request.body = R"({"service": "web"})";
  EXPECT_EQ(ask().status, 400);
  EXPECT_EQ(*ask().body, "dimension: is missing\n");
  EXPECT_EQ(announced, 0);
  request.body = kChange;
  refuse = {409, "deploy_id: declared otherwise"};
  EXPECT_EQ(ask().status, 409);
  EXPECT_THAT(head(ask()), HasSubstr("409 Conflict"));
  EXPECT_EQ(*ask().body, "deploy_id: declared otherwise\n");
}

TEST_F(AnnouncingTest, OnlyWhatIsNamedBehindASlashIsTakenBack) {
  request.method = "DELETE";
  for (const char* path : {"/api/v1/holds", "/api/v1/changes"}) {
    request.path = path;
    EXPECT_EQ(ask().status, 405) << path;
    EXPECT_EQ(ask().allow, "GET, HEAD, POST");
  }
  for (const char* path : {"/api/v1/holds/", "/api/v1/holds/a/b", "/api/v1/changes/a"}) {
    request.path = path;
    EXPECT_EQ(ask().status, 404) << path;
  }
  EXPECT_EQ(announced, 0);
  request.path = "/api/v1/holds/0123456789abcdef";
  EXPECT_EQ(ask().status, 200);
  request.method = "GET";
  EXPECT_EQ(ask().status, 405);
}

TEST_F(AnnouncingTest, ReadingNeedsNoIdentityButASnapshot) {
  request.method = "GET";
  request.identity = "";
  settings.announce = nullptr;
  EXPECT_EQ(ask(nullptr).status, 503);
  const auto result = ask();
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(json::parse(*result.body), json::parse(R"({"changes": []})"));
}

TEST_F(AnnouncingTest, ListsChangesOfTheSnapshotWithWhatWasAnnouncedOfThem) {
  ask();
  Snapshot snapshot;
  auto& service = snapshot.services.emplace_back();
  service.name = "web";
  ChangeView ours;
  ours.declared = true;
  ours.deploy_id = "d-1";
  ours.to = "42";
  ours.converged_ratio = 0.5;
  service.dimensions["config"].open_change = ours;
  ChangeView other = ours;
  other.declared = false;
  other.open = false;
  other.outcome = Outcome::rolled_back;
  service.dimensions["schema"].last_change = other;
  auto waiting = told;
  waiting.services = {{"slow", {}}};
  const auto changes = list(snapshot, {told, waiting});
  ASSERT_EQ(changes.size(), 3U);
  const auto of = [&](const std::string& name, const std::string& dimension) {
    for (const auto& change : changes)
      if (change["service"] == name && change["dimension"] == dimension) return change;
    return json();
  };
  EXPECT_EQ(of("web", "config")["id"], told.said.id);
  EXPECT_EQ(of("web", "config")["link"], "https://ci/1");
  EXPECT_EQ(of("web", "config")["converged_ratio"], 0.5);
  EXPECT_EQ(of("web", "config")["outcome"], json());
  EXPECT_FALSE(of("web", "schema").contains("id")) << "nobody announced it";
  EXPECT_EQ(of("web", "schema")["outcome"], "rolled_back");
  EXPECT_EQ(of("slow", "config")["open"], true) << "not looked at yet";
  EXPECT_FALSE(of("slow", "config").contains("converged_ratio"));
  EXPECT_EQ(changes[2]["open"], false) << "open ones first";
}

TEST_F(AnnouncingTest, ListsOnlyHoldsInForce) {
  request.path = "/api/v1/holds";
  request.body = R"({"service": "web", "owner": "<b>sre", "reason": "incident", "until": "2h"})";
  ask();
  auto over = told, released = told;
  std::get<ManualHold>(over.said.what).until = Wall{};
  released.closed = Wall{};
  const auto holds = list({}, {told, over, released});
  ASSERT_EQ(holds.size(), 1U);
  EXPECT_EQ(holds[0]["owner"], "<b>sre");
  request.path = "/api/v1/acknowledgements";
  EXPECT_THAT(list({}, {told, over, released}), IsEmpty());
}

}  // namespace
}  // namespace mse
