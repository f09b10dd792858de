// The query collector on a real server: states, job tables, and what is refused there.
#include "collectors/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/load_config.h"
#include "tests/integration/real_client.h"

namespace mse {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

class RealQuery : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Direct admin(Where::primary, "app");
    admin.must(R"sql(
CREATE SCHEMA jobs; GRANT USAGE ON SCHEMA jobs TO mixed_state;
CREATE TABLE jobs.runs (kind text, ok boolean, ended timestamptz);
INSERT INTO jobs.runs VALUES ('nightly', true, '2026-11-24 19:00:00+02'),
  ('nightly', false, NULL), ('ledger', true, '2026-11-24 12:00:00+00');
CREATE TABLE jobs.inbox (idempotency_key text);
INSERT INTO jobs.inbox VALUES ('a'), ('b'), ('b'), ('c');
CREATE TABLE jobs.flags (name text, enabled boolean);
INSERT INTO jobs.flags VALUES ('dark', true), ('fast', false);
GRANT SELECT ON ALL TABLES IN SCHEMA jobs TO mixed_state;
CREATE TABLE jobs.hidden (x int);)sql");
    wait_for_standby();
  }
  static void TearDownTestSuite() {
    Direct(Where::primary, "app").must("DROP SCHEMA jobs CASCADE");
  }

  Polled<Report> poll(const std::string& sql, const std::string& dimension,
                      const char* port = "PGTEST_PRIMARY_PORT") {
    ::setenv("QUERY_TEST_PASSWORD", variable("PGTEST_PASSWORD").c_str(), 1);
    const auto yaml = "{user: mixed_state, password: '${QUERY_TEST_PASSWORD}', database: app, " +
                      (dimension.empty() ? "" : "dimension: " + dimension + ", ") + "sql: \"" +
                      sql + "\"}";
    auto options = parse_options(yaml, "query.yml");
    EXPECT_TRUE(options) << options.error().message;
    auto made = make_query(*options);
    EXPECT_TRUE(made) << made.error().message;
    const auto session = (*made)->open("127.0.0.1:" + variable(port), process_.environment);
    return process_.run(session->poll(Depth::narrow, in(std::chrono::seconds(5))));
  }
  Measures measures(const std::string& sql) {
    const auto report = poll(sql, "");
    EXPECT_TRUE(report) << report.error().text;
    return report && report->measures ? *report->measures : Measures{};
  }
  Failure failure(const std::string& sql, const std::string& dimension = "flags") {
    const auto report = poll(sql, dimension);
    EXPECT_FALSE(report) << sql;
    return report ? Failure{} : report.error();
  }

  ClientLoop process_;
};

TEST_F(RealQuery, RowsAreAStateThatPrimaryAndStandbyShare) {
  const auto sql = "SELECT name AS key, enabled AS value FROM jobs.flags";
  const auto one = poll(sql, "flags");
  const auto other = poll(sql, "flags", "PGTEST_STANDBY_PORT");
  ASSERT_TRUE(one) << one.error().text;
  ASSERT_TRUE(other) << other.error().text;
  const auto& reading = one->dimensions.at("flags");
  EXPECT_TRUE(reading.replicated);
  ASSERT_TRUE(reading.position);
  EXPECT_THAT(std::get<State>(reading.outcome).parts,
              UnorderedElementsAre(Key("dark"), Key("fast")));
  EXPECT_EQ(std::get<State>(reading.outcome).key,
            std::get<State>(other->dimensions.at("flags").outcome).key);
}

TEST_F(RealQuery, AJobTableGivesItsRunsAndTheLastSuccess) {
  const auto all = measures(
      "SELECT kind, count(*) FILTER (WHERE ok) AS succeeded, count(*) FILTER (WHERE NOT ok) AS "
      "failed, max(ended) AS last_success FROM jobs.runs GROUP BY kind;");
  ASSERT_THAT(all.reconciliations, UnorderedElementsAre(Key("nightly"), Key("ledger")));
  const auto& nightly = all.reconciliations.at("nightly");
  EXPECT_EQ(nightly.succeeded, 1U);
  EXPECT_EQ(nightly.failed, 1U);
  EXPECT_EQ(nightly.last_success, Wall(std::chrono::seconds(1795539600)));
}

TEST_F(RealQuery, DuplicatesAreCountedByIdempotencyKey) {
  const auto all = measures(
      "SELECT 'payments' AS stream, count(*) AS events, count(*) - count(DISTINCT "
      "idempotency_key) AS duplicates FROM jobs.inbox");
  EXPECT_EQ(all.streams.at("payments").events, 4U);
  EXPECT_EQ(all.streams.at("payments").duplicates, 1U);
}

TEST_F(RealQuery, AStandbyTellsNoMeasures) {
  const auto report = poll("SELECT 1 AS allowed", "", "PGTEST_STANDBY_PORT");
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->measures);
}

TEST_F(RealQuery, WhatIsRefusedHasItsReason) {
  EXPECT_EQ(failure("SELECT x FROM jobs.hidden").reason, Reason::permission);
  EXPECT_EQ(failure("SELECT x FROM jobs.nowhere").reason, Reason::unsupported);
  EXPECT_EQ(failure("SELECT nextval('jobs.nowhere')").reason, Reason::unsupported);
  EXPECT_EQ(failure("WITH gone AS (DELETE FROM jobs.flags RETURNING *) SELECT * FROM gone").reason,
            Reason::internal);
  EXPECT_EQ(failure("SELECT g AS key, 1 AS value FROM generate_series(1, 10001) g").reason,
            Reason::too_large);
  EXPECT_EQ(failure("SELECT repeat('x', 20000000) AS value").reason, Reason::too_large);
  EXPECT_THAT(failure("SELECT 1 AS a, 2 AS b").text, HasSubstr("`key` and `value`"));
}

}  // namespace
}  // namespace mse
