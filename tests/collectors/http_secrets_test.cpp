// Canaries: what is secret in settings and answers of HTTP is in no report, failure, grant or key.
#include <gmock/gmock.h>

#include <cstdlib>

#include "collectors/http.h"
#include "collectors/prometheus.h"
#include "collectors/url_source.h"
#include "exporter/fingerprint.h"
#include "exporter/load_config.h"
#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

using testing::HasSubstr;
using testing::Not;

using Make = Result<std::unique_ptr<Collector>> (*)(Options);

const std::string kSettings =
    "scheme: http, bearer_token: '${HTTP_CANARY}', headers: {X-Api-Key: '${HTTP_CANARY}', X-Plain: "
    "'${HTTP_CANARY}'}";

Script saying(std::string says) {
  Script script;
  script.reads_request = true;
  script.says = std::move(says);
  script.end = Script::End::closes;
  return script;
}

std::string with_body(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// All that a report shows of states.
std::string shown(const Report& report) {
  std::string all;
  for (const auto& [dimension, reading] : report.dimensions)
    if (const auto* state = std::get_if<State>(&reading.outcome)) {
      all += state->text + " " + std::to_string(state->key.fingerprint) + " " +
             state->key.secret_digest;
      for (const auto& [part, digest] : state->parts) all += " " + part + "=" + digest;
    }
  return all;
}

class HttpSecrets : public testing::Test {
 protected:
  HttpSecrets() { ::setenv("HTTP_CANARY", "canary-4711", 1); }
  ~HttpSecrets() override { ::unsetenv("HTTP_CANARY"); }

  // What is seen of a poll of a server that says `says`.
  std::string seen(Make make, const std::string& yaml, const std::string& says) {
    const HostileServer server(saying(says));
    const auto options = parse_options("{" + kSettings + yaml + "}", "f");
    EXPECT_TRUE(options) << options.error().message;
    const auto made = make(*options);
    EXPECT_TRUE(made) << made.error().message;
    const auto session = (*made)->open(server.address(), process_.environment);
    const auto report = process_.run(session->poll(Depth::deep, in(std::chrono::seconds(5))));
    const auto text = report ? shown(*report) : report.error().text;
    EXPECT_TRUE(report || !text.empty());
    return (*made)->grants() + (*made)->connection_key() + text;
  }

  ClientLoop process_;
};

TEST_F(HttpSecrets, WhatAServerEchoesIsNoErrorText) {
  for (const auto* says :
       {"HTTP/1.1 500 canary-4711\r\nContent-Length: 11\r\n\r\ncanary-4711",
        "HTTP/1.1 canary-4711\r\n\r\n", "canary-4711\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: canary-4711\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary-4711\r\n",
        "HTTP/1.1 302 Found\r\nLocation: https://canary-4711.test/canary-4711\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: canary-4711\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"canary-4711"}) {
    EXPECT_THAT(seen(make_http, ", dimension: v, json: /v", says), Not(HasSubstr("canary")))
        << says;
    EXPECT_THAT(seen(make_prometheus, "", says), Not(HasSubstr("canary"))) << says;
  }
}

TEST_F(HttpSecrets, MembersOfSecretNamesShowNoValue) {
  const auto body = R"({"db": {"password": "canary-4711", "host": "a"}, "api-key": "canary-4711"})";
  EXPECT_THAT(seen(make_http, ", dimension: v, body: true", with_body(body)),
              testing::AllOf(HasSubstr("db/host="), Not(HasSubstr("canary"))));
}

TEST_F(HttpSecrets, ValuesThatReadLikeASecretAreNotShownWhateverTheyAreCalled) {
  const std::string canary = "postgres://app:canary-4711@db/x";
  const auto body = R"({"db": ")" + canary + R"("})";
  for (const auto* what : {"body: true", "json: /db", "regex: '\"(postgres[^\"]+)'"}) {
    const auto shown = seen(make_http, std::string(", dimension: v, ") + what, with_body(body));
    EXPECT_THAT(shown, Not(HasSubstr("canary"))) << what;
    for (const auto& hashed : {canary, "=" + canary})
      EXPECT_THAT(shown, Not(HasSubstr(sha256_hex(hashed).substr(0, 32)))) << what << ": no key";
  }
}

TEST_F(HttpSecrets, ATextThatIsNoJsonShowsItsDigestOnly) {
  EXPECT_THAT(seen(make_http, ", dimension: v, body: true", with_body("password=canary-4711")),
              Not(HasSubstr("canary")));
}

TEST_F(HttpSecrets, APathThatHoldsOneIsRefused) {
  for (const auto* path : {"/v?token=a", "/v?full=1&X-Api-Key=a", "/v?a&client_secret"}) {
    const auto options =
        parse_options("{dimension: v, status: true, path: '" + std::string(path) + "'}", "f");
    const auto made = make_http(*options);
    ASSERT_FALSE(made) << path;
    EXPECT_THAT(made.error().message, HasSubstr("path: expected no secret in it"));
  }
  EXPECT_TRUE(make_http(
      *parse_options("{dimension: v, status: true, path: '/token/v?full=1&x=token'}", "f")));
}

TEST_F(HttpSecrets, ADeclarationsUrlAndTokenAreInNoFailure) {
  for (const auto* says : {"HTTP/1.1 401 canary-4711\r\nContent-Length: 0\r\n\r\n", "canary-4711",
                           "HTTP/1.1 302 Found\r\nLocation: http://a.test/canary-4711\r\n\r\n"}) {
    const HostileServer server(saying(says));
    UrlSource source;
    source.url = "http://" + server.address() + "/target?token=canary-4711";
    source.bearer_token = Secret("canary-4711");
    auto environment = std::make_shared<Environment>(process_.environment);
    const auto text = process_.run(fetch_url(environment, source, in(std::chrono::seconds(5))));
    ASSERT_FALSE(text) << says;
    EXPECT_THAT(text.error().text, Not(HasSubstr("canary"))) << says;
  }
}

}  // namespace
}  // namespace mse
