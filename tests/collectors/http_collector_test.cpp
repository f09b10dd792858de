// What an HTTP answer says of a node, and which settings are refused.
#include <gmock/gmock.h>

#include "collectors/http.h"
#include "collectors/http_json.h"
#include "exporter/load_config.h"

namespace mse {
namespace {

using testing::HasSubstr;
using testing::Not;

HttpReading reading_of(const std::string& yaml) {
  auto options = parse_options(yaml, "test.yml");
  auto reading = http_reading(*options);
  const auto right = options->finish();
  EXPECT_TRUE(right) << right.error().message;
  return reading;
}

HttpAnswer answer(int status, std::string body = "",
                  std::map<std::string, std::string> headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

Polled<Report> said(const std::string& yaml, const HttpAnswer& answer) {
  return http_report(reading_of(yaml), answer, "key");
}

Reading reading_in(const Polled<Report>& report) {
  EXPECT_TRUE(report) << report.error().text;
  if (!report || report->dimensions.size() != 1) return {};
  return report->dimensions.begin()->second;
}

State state_in(const Polled<Report>& report) {
  const auto reading = reading_in(report);
  const auto* state = std::get_if<State>(&reading.outcome);
  EXPECT_NE(state, nullptr) << "no state";
  return state ? *state : State{};
}

std::string text_of(const std::string& yaml, const HttpAnswer& answer) {
  return state_in(said(yaml, answer)).text;
}

Reason reason_of_failure(const Polled<Report>& report) {
  EXPECT_FALSE(report);
  return report ? Reason::internal : report.error().reason;
}

TEST(HttpCollector, AValueAtAPointerIsTheState) {
  const std::string yaml = "{dimension: software_version, json: /build/version}";
  EXPECT_EQ(text_of(yaml, answer(200, R"({"build": {"version": "1.2.3"}})")), "1.2.3");
  EXPECT_EQ(text_of(yaml, answer(200, R"({"build": {"version": 42}})")), "42");
  EXPECT_EQ(text_of(yaml, answer(200, R"({"build": {"version": true}})")), "true");
}

TEST(HttpCollector, NothingAtThePointerIsAbsent) {
  const auto report = said("{dimension: v, json: /version}", answer(200, "{}"));
  EXPECT_TRUE(std::holds_alternative<Absent>(reading_in(report).outcome));
}

TEST(HttpCollector, AnErrorPageIsNoState) {
  EXPECT_EQ(
      reason_of_failure(said("{dimension: v, json: /version}", answer(200, "<html>oops</html>"))),
      Reason::protocol);
  EXPECT_EQ(reason_of_failure(said("{dimension: v, regex: 'v([0-9]+)'}", answer(200, "oops"))),
            Reason::protocol);
  EXPECT_EQ(reason_of_failure(said("{dimension: v, body: true}", answer(500, "oops"))),
            Reason::protocol);
  EXPECT_EQ(reason_of_failure(said("{dimension: v, body: true}", answer(401))), Reason::auth);
  EXPECT_EQ(reason_of_failure(said("{dimension: v, body: true}", answer(503))), Reason::overload);
}

TEST(HttpCollector, WhatIsNotThereIsUnsupported) {
  const auto reading = reading_in(said("{dimension: v, body: true}", answer(404)));
  EXPECT_EQ(std::get<Unknown>(reading.outcome).reason, Reason::unsupported);
}

TEST(HttpCollector, StatusHeaderAndMatchAreStates) {
  EXPECT_EQ(text_of("{dimension: v, status: true}", answer(503)), "503");
  EXPECT_EQ(text_of("{dimension: v, header: X-Version}", answer(200, "", {{"x-version", "7"}})),
            "7");
  EXPECT_EQ(
      text_of("{dimension: v, regex: 'version v([0-9.]+)'}", answer(200, "app version v1.10 here")),
      "1.10");
}

TEST(HttpCollector, JsonBodiesCompareKeyByKey) {
  const std::string yaml = "{dimension: config, body: true}";
  const auto one =
      state_in(said(yaml, answer(200, R"({"limits": {"cpu": 2, "memory": 512}, "debug": false})")));
  const auto same = state_in(
      said(yaml, answer(200, "{ \"debug\":false,\n\"limits\":{\"memory\":512,\"cpu\":2}}")));
  const auto other =
      state_in(said(yaml, answer(200, R"({"limits": {"cpu": 4, "memory": 512}, "debug": false})")));
  EXPECT_EQ(one.key, same.key);
  EXPECT_NE(one.key, other.key);
  EXPECT_NE(one.parts.at("limits/cpu"), other.parts.at("limits/cpu"));
  EXPECT_EQ(one.parts.at("limits/memory"), other.parts.at("limits/memory"));
}

TEST(HttpCollector, TextBodiesCompareWithoutTheBlanksAroundThem) {
  const std::string yaml = "{dimension: config, body: true}";
  EXPECT_EQ(state_in(said(yaml, answer(200, "abc\n"))).key,
            state_in(said(yaml, answer(200, " abc"))).key);
  EXPECT_NE(state_in(said(yaml, answer(200, "abc"))).key,
            state_in(said(yaml, answer(200, "abd"))).key);
}

TEST(HttpCollector, ListsOfNamedObjectsCompareByName) {
  const std::string yaml = "{dimension: feature_flags, json: /flags, ignore: [reason, metadata]}";
  const auto one = state_in(said(
      yaml,
      answer(
          200,
          R"({"flags": [{"key": "a", "value": true, "reason": "STATIC"}, {"key": "b", "value": 1}]})")));
  const auto same = state_in(said(
      yaml,
      answer(
          200,
          R"({"flags": [{"key": "b", "value": 1}, {"key": "a", "value": true, "reason": "CACHED"}]})")));
  const auto other = state_in(said(
      yaml, answer(200, R"({"flags": [{"key": "b", "value": 1}, {"key": "a", "value": false}]})")));
  EXPECT_EQ(one.key, same.key);
  EXPECT_NE(one.key, other.key);
  EXPECT_TRUE(one.parts.contains("a/value"));
}

TEST(HttpCollector, SecretsInABodyAreInNoPartAndNoFingerprint) {
  const std::string yaml = "{dimension: config, body: true}";
  const auto one = state_in(said(yaml, answer(200, R"({"db": {"password": "hunter2"}, "a": 1})")));
  const auto other =
      state_in(said(yaml, answer(200, R"({"db": {"password": "hunter3"}, "a": 1})")));
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key.secret_digest, other.key.secret_digest);
  EXPECT_EQ(one.parts.size(), 1U);
}

TEST(HttpCollector, NoTwoPlacesInABodyAreTakenForOne) {
  const std::string yaml = "{dimension: config, body: true}";
  const std::vector<std::pair<std::string, std::string>> pairs{
      {R"({"a": {"b": 2}, "a/b": 1})", R"({"a": {"b": 3}, "a/b": 1})"},
      {R"({"a~1b": 1})", R"({"a/b": 1})"},
      {R"({"": {"a": 1}})", R"({"a": 1})"},
      {R"({"value": {}})", R"({})"},
      {R"({"": {}})", R"({})"},
      {R"({"~": {}})", R"({})"}};
  for (const auto& [one, other] : pairs)
    EXPECT_NE(state_in(said(yaml, answer(200, one))).key,
              state_in(said(yaml, answer(200, other))).key)
        << one << " and " << other;
}

TEST(HttpCollector, AProbesAnswersThatDifferInASecretDiffer) {
  const std::string yaml = "{probe: true, path: /me, json: /dsn}";
  const auto one = state_in(said(yaml, answer(200, R"({"dsn": "db://a:one@h"})")));
  const auto other = state_in(said(yaml, answer(200, R"({"dsn": "db://a:two@h"})")));
  EXPECT_NE(one.key, other.key);
  EXPECT_EQ(one.text.find("one@h"), std::string::npos);
}

TEST(HttpCollector, AProbeTakesADenialForAnAnswer) {
  const std::string yaml = "{probe: true, path: /admin}";
  EXPECT_TRUE(reading_in(said(yaml, answer(403))).probe);
  EXPECT_EQ(text_of(yaml, answer(403)), "403");
  EXPECT_EQ(text_of(yaml, answer(302)), "302");
  EXPECT_EQ(reason_of_failure(said(yaml, answer(503))), Reason::overload);
  EXPECT_EQ(reason_of_failure(said(yaml, answer(500))), Reason::protocol);
  EXPECT_EQ(reading_of(yaml).dimension, "access_policy");
}

TEST(HttpCollector, AProbesValueIsPartOfItsState) {
  const std::string yaml = "{probe: true, json: /result}";
  EXPECT_EQ(text_of(yaml, answer(200, R"({"result": true})")), "200 true");
  EXPECT_EQ(text_of(yaml, answer(200, "{}")), "200 none");
  EXPECT_NE(state_in(said(yaml, answer(200, R"({"result": true})"))).key,
            state_in(said(yaml, answer(200, R"({"result": false})"))).key);
}

TEST(HttpCollector, NumbersByPointerAreMeasures) {
  const auto report = said(
      "measures: {reconciliation: {orders: {succeeded: /r/ok, failed: /r/bad, last_success: /r/at, "
      "last_duration: /r/took}},"
      " duplicates: {payments: {events: /e, duplicates: /d}}, schema: {valid: /v, errors: /x}, "
      "authorization: {allowed: /a, denied: /n}}",
      answer(
          200,
          R"({"r": {"ok": 10, "bad": 1, "at": "2026-03-01T12:00:00Z", "took": 1.5}, "e": "100", "d": 2, "v": 7, "x": -1, "a": 3.0})"));
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->measures);
  const auto& orders = report->measures->reconciliations.at("orders");
  EXPECT_EQ(orders.succeeded, 10U);
  EXPECT_EQ(orders.failed, 1U);
  EXPECT_EQ(orders.last_duration, std::chrono::milliseconds(1500));
  EXPECT_TRUE(orders.last_success);
  EXPECT_FALSE(orders.pending_items);
  EXPECT_EQ(report->measures->streams.at("payments").events, 100U);
  EXPECT_EQ(report->measures->streams.at("payments").duplicates, 2U);
  EXPECT_EQ(report->measures->valid_schemas, 7U);
  EXPECT_FALSE(report->measures->schema_errors) << "below zero";
  EXPECT_EQ(report->measures->allowed, 3U);
  EXPECT_FALSE(report->measures->denied);
}

TEST(HttpCollector, NoneOfTheMeasuresThereIsUnsupported) {
  EXPECT_EQ(reason_of_failure(said("measures: {schema: {errors: /x}}", answer(200, "{}"))),
            Reason::unsupported);
}

TEST(HttpCollector, HostileTextIsRepairedAndShort) {
  const auto text =
      text_of("{dimension: v, header: X-Version}",
              answer(200, "", {{"x-version", "\x1b[31m\xff" + std::string(5000, 'x')}}));
  EXPECT_LE(text.size(), 80U);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(HttpJson, DepthAndValuesAreBounded) {
  EXPECT_EQ(parse_json(std::string(65, '[')).error().reason, Reason::too_large);
  EXPECT_EQ(parse_json(std::string(2'000'000, '[')).error().reason, Reason::too_large);
  std::string wide = "[0";
  for (int i = 0; i < 200'001; ++i) wide += ",0";
  EXPECT_EQ(parse_json(wide + "]").error().reason, Reason::too_large);
  EXPECT_TRUE(parse_json(R"({"brackets in a text": "[[[[[\"{{{{"})"));
  EXPECT_EQ(parse_json("{").error().reason, Reason::protocol);
  EXPECT_EQ(parse_json("").error().reason, Reason::protocol);
}

std::string refused(const std::string& yaml) {
  const auto options = parse_options(yaml, "f");
  if (!options) return options.error().message;
  const auto made = make_http(*options);
  EXPECT_FALSE(made) << yaml;
  return made ? "" : made.error().message;
}

TEST(HttpCollector, WrongSettingsAreToldExactly) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"{json: /v}", "dimension: missing, expected the dimension that the answer is a state of"},
      {"{dimension: v}", "expected one of status, header, json, regex and body, or probe"},
      {"{dimension: V-1, status: true}",
       "dimension: expected a dimension's name of lower-case letters, digits and _, a letter "
       "first"},
      {"{dimension: v, json: /v, status: true}",
       "json: expected only one of status, header, json, regex and body"},
      {"{dimension: v, json: v}", "json: expected a JSON pointer such as /version"},
      {"{dimension: v, json: /db/password}",
       "json: expected a value that is no secret, for it is shown"},
      {"{dimension: v, status: false}", "status: expected true"},
      {"{dimension: v, regex: 'v[0-9]+'}",
       "regex: expected a regular expression (RE2) of at most 1024 bytes with exactly one group, "
       "such as 'v([0-9]+)'"},
      {"{dimension: v, regex: '((('}",
       "regex: expected a regular expression (RE2) of at most 1024 bytes with exactly one group, "
       "such as 'v([0-9]+)'"},
      {"{dimension: v, header: 'X Y'}", "header: expected a header's name such as X-Version"},
      {"{dimension: v, header: Set-Cookie}",
       "header: expected a header that is no secret, for it is shown"},
      {"{dimension: v, status: true, ignore: [a]}",
       "ignore: expected no ignore without json or body"},
      {"{dimension: v, body: true, method: HEAD}",
       "method: expected GET; the answer to HEAD has no body"},
      {"{dimension: v, body: true, method: PUT}",
       "method: expected GET or HEAD; `post` makes it a POST"},
      {"{dimension: v, body: true, post: '{'}",
       "post: expected JSON of at most 64 KiB, such as '{\"context\": {}}'"},
      {"{dimension: v, body: true, method: GET, post: '{}'}",
       "method: expected no method beside post"},
      {"{dimension: v, body: true, path: version}",
       "path: expected a path with its query, such as /version?full=1"},
      {"{dimension: v, body: true, path: '/a b'}",
       "path: expected a path with its query, such as /version?full=1"},
      {"{dimension: v, body: true, scheme: ftp}", "scheme: expected http or https"},
      {"{dimension: v, body: true, user: u, password: '${PATH}'}",
       "scheme: missing, expected https, or http to send secrets in plain text"},
      {"{dimension: v, body: true, headers: {X-Api-Key: '${PATH}'}}",
       "scheme: missing, expected https, or http to send secrets in plain text"},
      {"{dimension: v, body: true, scheme: http, tls: {}}",
       "tls: expected no tls with scheme http"},
      {"{dimension: v, body: true, tls: {cert_file: a}}",
       "tls: expected cert_file and key_file, both or neither"},
      {"{dimension: v, body: true, host: 'a/b'}",
       "host: expected a host's name, such as www.example.com"},
      {"{dimension: v, body: true, headers: {Host: a}}",
       "headers.Host: expected a header that is not set by ourselves, such as X-Region"},
      {"{dimension: v, body: true, headers: {X-A: \"a\\nX-B: c\"}}",
       "expected UTF-8 text without control characters"},
      {"{dimension: v, body: true, headers: {Authorization: Basic abc}}",
       "an inline secret is refused"},
      {"{dimension: v, body: true, bearer_token: abc}", "an inline secret is refused"},
      {"{dimension: v, body: true, allow_link_local: [10.0.0.1]}",
       "allow_link_local: expected link-local addresses, such as [169.254.169.254]"},
      {"{measures: {}}",
       "measures: expected at least one of reconciliation, duplicates, schema and authorization"},
      {"{measures: {schema: {errors: x}}}",
       "measures.schema.errors: expected a JSON pointer such as /orders/failed"},
      {"{measures: {schema: {}}}", "measures.schema: expected a number's JSON pointer at least"},
      {"{dimension: v, body: true, pth: /}", "unknown key `pth`"},
  };
  for (const auto& [yaml, expected] : table)
    EXPECT_THAT(refused(yaml), HasSubstr(expected)) << yaml;
}

TEST(HttpCollector, SettingsThatReadSomethingElseHaveAnotherKey) {
  const auto key = [](const std::string& yaml) {
    const auto options = parse_options(yaml, "f");
    return (*make_http(*options))->connection_key();
  };
  EXPECT_EQ(key("{dimension: v, json: /a}"), key("{dimension: v, json: /a, path: /}"));
  EXPECT_NE(key("{dimension: v, json: /a}"), key("{dimension: v, json: /b}"));
  EXPECT_NE(key("{dimension: v, json: /a}"), key("{dimension: v, json: /a, host: b}"));
}

}  // namespace
}  // namespace mse
