// What each URL answers.
#include "exporter/routes.h"

#include <gmock/gmock.h>

#include "exporter/status_page.h"
#include "tests/support/gunzip.h"

namespace mse {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr Mono kNow{std::chrono::hours(1)};

std::shared_ptr<const Page> page(Duration age = Duration::zero(), int incomplete = 0) {
  const auto made = std::make_shared<Page>();
  made->metrics = "services and self\n";
  made->self_metrics = "self\n";
  made->at = kNow - age;
  made->incomplete = incomplete;
  return made;
}

Answer ask(std::string_view method, std::string_view path,
           const std::shared_ptr<const Page>& newest = page(), const ServerSettings& settings = {},
           std::string_view accept_encoding = "") {
  return answer({method, path, accept_encoding, true}, newest, settings, kNow);
}

TEST(Routes, MetricsAreThePageWithoutACopy) {
  const auto newest = page();
  const Answer result = ask("GET", "/metrics", newest);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(result.body.get(), &newest->metrics);
}

TEST(Routes, MetricsAreCompressedWhenAsked) {
  const auto newest = page();
  const Answer result = ask("GET", "/metrics", newest, {}, "gzip");
  EXPECT_TRUE(result.gzip);
  EXPECT_EQ(gunzip(*result.body), "services and self\n");
  EXPECT_THAT(head(result), HasSubstr("\r\nContent-Encoding: gzip\r\n"));
  const std::string length = "\r\nContent-Length: " + std::to_string(result.body->size()) + "\r\n";
  EXPECT_THAT(head(result), HasSubstr(length));
  EXPECT_EQ(ask("GET", "/metrics", newest, {}, "gzip").body.get(), result.body.get())
      << "compressed once, shared after that";
}

TEST(Routes, MetricsAreServedWhereTheOperatorPutThem) {
  ServerSettings settings;
  settings.telemetry_path = "/federate";
  EXPECT_EQ(ask("GET", "/federate", page(), settings).status, 200);
  EXPECT_EQ(ask("GET", "/metrics", page(), settings).status, 404);
}

TEST(Routes, AStaleSnapshotIsNotServedAsTruth) {
  const auto at_the_limit = page(seconds(60));
  EXPECT_EQ(*ask("GET", "/metrics", at_the_limit).body, "services and self\n");
  EXPECT_EQ(ask("GET", "/-/ready", at_the_limit).status, 200);

  const auto past_it = page(seconds(61));
  const Answer metrics = ask("GET", "/metrics", past_it, {}, "gzip");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(*metrics.body, "self\n");
  EXPECT_FALSE(metrics.gzip);
  const Answer ready = ask("GET", "/-/ready", past_it);
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(*ready.body, "The newest snapshot is 1m1s old, more than 1m.\n");
}

TEST(Routes, BeforeAnyPageNothingIsClaimed) {
  EXPECT_EQ(ask("GET", "/metrics", nullptr).status, 503);
  EXPECT_EQ(*ask("GET", "/-/ready", nullptr).body, "Nothing has been evaluated yet.\n");
  EXPECT_EQ(ask("GET", "/-/healthy", nullptr).status, 200);
  EXPECT_EQ(ask("GET", "/", nullptr).status, 200);
}

TEST(Routes, BeforeTheFirstRoundItIsNotReady) {
  const Answer ready = ask("GET", "/-/ready", page(Duration::zero(), 2));
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(*ready.body, HasSubstr("first poll: 2."));
  EXPECT_EQ(ask("GET", "/-/ready").status, 200);
}

TEST(Routes, ReloadIsForbiddenUnlessEnabled) {
  const Answer result = ask("POST", "/-/reload");
  EXPECT_EQ(result.status, 403);
  EXPECT_THAT(*result.body, HasSubstr("--web.enable-lifecycle"));
}

TEST(Routes, ReloadSaysWhatIsWrongWithTheConfiguration) {
  int calls = 0;
  ServerSettings settings;
  settings.reload = [&calls]() -> Result<void> {
    if (++calls == 1) return {};
    return fail("mixed.yml:3:5: nodes: expected a list");
  };
  EXPECT_EQ(ask("GET", "/-/reload", page(), settings).status, 405);
  EXPECT_EQ(ask("POST", "/-/reload", page(), settings).status, 200);
  const Answer refused = ask("POST", "/-/reload", page(), settings);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(*refused.body, "mixed.yml:3:5: nodes: expected a list\n");
  EXPECT_EQ(calls, 2);
}

TEST(Routes, ReloadIsForTrustedCallersOnly) {
  ServerSettings settings;
  int calls = 0;
  settings.reload = [&calls]() -> Result<void> {
    ++calls;
    return {};
  };
  const Answer result = answer({"POST", "/-/reload", "", false}, page(), settings, kNow);
  EXPECT_EQ(result.status, 403);
  EXPECT_EQ(calls, 0);
}

TEST(Routes, AnAnswersOwnFieldTakesThePlaceOfTheUsualAndTheOperatorsOfBoth) {
  Answer result = ask("GET", "/");
  result.fields = {{"content-security-policy", "ours"}, {"Retry-After", "5"}};
  const std::string ours = head(result);
  EXPECT_THAT(ours, HasSubstr("\r\ncontent-security-policy: ours\r\n"));
  EXPECT_THAT(ours, Not(HasSubstr("default-src")));
  const std::string operators = head(result, {{"Content-Security-Policy", "theirs"}});
  EXPECT_THAT(operators, HasSubstr("\r\nContent-Security-Policy: theirs\r\n"));
  EXPECT_THAT(operators, Not(HasSubstr("ours")));
  EXPECT_THAT(operators, HasSubstr("\r\nRetry-After: 5\r\n"));
}

TEST(Routes, OtherMethodsAreToldWhichOnesThereAre) {
  for (const char* path : {"/", "/metrics", "/-/healthy", "/-/ready"}) {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", ""}) {
      const Answer result = ask(method, path);
      EXPECT_EQ(result.status, 405) << method << path;
      EXPECT_THAT(head(result), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
    }
  }
  EXPECT_THAT(head(ask("HEAD", "/-/reload")), HasSubstr("\r\nAllow: POST\r\n"));
}

TEST(Routes, ElsewhereThereIsNothing) {
  for (const char* path : {"", "/metric", "/metrics/", "/-/", "/../etc/passwd", "/favicon.ico"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
}

TEST(Routes, EveryAnswerForbidsScriptsSniffingAndCaching) {
  for (const Answer& result : {ask("GET", "/"), ask("GET", "/metrics"), ask("GET", "/nothing"),
                               ask("PUT", "/"), refusal(400, "Not HTTP.")}) {
    const std::string text = head(result);
    EXPECT_THAT(text, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; "));
    EXPECT_THAT(text, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nReferrer-Policy: no-referrer\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nCache-Control: no-store\r\n"));
    EXPECT_THAT(text, testing::EndsWith("\r\n\r\n"));
  }
}

Answer ask_status(std::string_view query) {
  const auto made = std::make_shared<Page>();
  made->at = kNow;
  Snapshot snapshot;
  snapshot.at = kNow;
  snapshot.services.resize(1);
  snapshot.services[0].name = "orders";
  made->snapshot = std::make_shared<const Snapshot>(snapshot);
  Request request{"GET", "/", "", true, query, ""};
  return answer(request, made, {}, kNow);
}

TEST(Routes, TheStatusPageBringsItsOwnPolicyAndNoScript) {
  const Answer result = ask_status("service=orders");
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.type, "text/html; charset=utf-8");
  EXPECT_THAT(head(result), HasSubstr("\r\nContent-Security-Policy: " + status_policy() + "\r\n"));
  EXPECT_THAT(head(result), Not(HasSubstr("Refresh")));
  EXPECT_THAT(*result.body, HasSubstr("<title>UNKNOWN: orders no nodes - mixed_state_exporter<"));
}

TEST(Routes, TheStatusPageLoadsAnewOnlyWhenAsked) {
  EXPECT_THAT(head(ask_status("service=orders&refresh=30")), HasSubstr("\r\nRefresh: 30\r\n"));
  EXPECT_THAT(head(ask_status("refresh=1")), HasSubstr("\r\nRefresh: 5\r\n"));
}

TEST(Routes, AServiceThatIsNotThereIsNotFoundAndAQueryThatIsNoneIsRefused) {
  EXPECT_EQ(ask_status("service=payments").status, 404);
  EXPECT_EQ(ask_status("refresh=often").status, 400);
  EXPECT_EQ(ask_status("service=%zz").status, 400);
}

TEST(Gzip, IsAcceptedWhenNamedOrImpliedAndNotForbidden) {
  for (const char* value :
       {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.001", "*", "gzip ; q=1", "br;q=0,gzip",
        "identity;q=0, *;q=0.5", "*;q=0, gzip", "\tgzip\t", "gzip;level=1;q=1"}) {
    EXPECT_TRUE(accepts_gzip(value)) << value;
  }
  for (const char* value : {"", "identity", "gzip;q=0", "gzip; Q=0.000", "*;q=0", "deflate",
                            "gzip;q=0, *", "notgzip", "gzipped", ",", ";q=1", "gzip;level=1;q=0"}) {
    EXPECT_FALSE(accepts_gzip(value)) << value;
  }
}

}  // namespace
}  // namespace mse
