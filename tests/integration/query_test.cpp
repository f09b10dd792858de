// The query collector on a real server: states, job tables, and what is refused there.
#include "collectors/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "exporter/load_config.h"
#include "tests/integration/real_client.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using namespace testing_support;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
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
CREATE TABLE jobs.hidden (x int);
CREATE TABLE jobs.orders (price int, amount int, total int);
INSERT INTO jobs.orders VALUES (2, 3, 6), (1, 1, 1), (5, 5, 24), (7, 1, NULL), (8, 2, NULL);
CREATE TABLE jobs.written (x int);
CREATE SEQUENCE jobs.counted;
CREATE FUNCTION jobs.writes() RETURNS int LANGUAGE sql SECURITY DEFINER
  AS 'INSERT INTO jobs.written VALUES (1) RETURNING x';
CREATE FUNCTION jobs.complains() RETURNS int LANGUAGE plpgsql
  AS 'BEGIN RAISE EXCEPTION USING MESSAGE = ''canary in a message'', DETAIL = ''canary''; END';
GRANT SELECT ON jobs.orders TO mixed_state; GRANT USAGE ON jobs.counted TO mixed_state;)sql");
    wait_for_standby();
  }
  static void TearDownTestSuite() {
    Direct(Where::primary, "app").must("DROP SCHEMA jobs CASCADE");
  }

  Polled<Report> poll(const std::string& sql, const std::string& dimension,
                      const char* port = "PGTEST_PRIMARY_PORT",
                      Duration limit = std::chrono::seconds(5)) {
    ::setenv("QUERY_TEST_PASSWORD", variable("PGTEST_PASSWORD").c_str(), 1);
    const auto yaml = "{user: mixed_state, password: '${QUERY_TEST_PASSWORD}', database: app, " +
                      (dimension.empty() ? "" : "dimension: " + dimension + ", ") + "sql: \"" +
                      sql + "\"}";
    auto options = parse_options(yaml, "query.yml");
    EXPECT_TRUE(options) << options.error().message;
    auto made = make_query(*options);
    EXPECT_TRUE(made) << made.error().message;
    const auto session = (*made)->open("127.0.0.1:" + variable(port), process_.environment);
    return process_.run(session->poll(Depth::narrow, in(limit)));
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
  EXPECT_EQ(failure("SELECT 1 AS value FORM x").reason, Reason::internal);
  EXPECT_THAT(failure("SELECT 1 AS value FORM x").text, HasSubstr("syntax error"));
  EXPECT_THAT(failure("SELECT 1 AS a, 2 AS b").text, HasSubstr("`key` and `value`"));
}

TEST_F(RealQuery, AQueryThatWritesIsRefusedAndNothingIsWritten) {
  EXPECT_EQ(failure("SELECT jobs.writes() AS value").reason, Reason::permission);
  EXPECT_EQ(failure("SELECT nextval('jobs.counted') AS value").reason, Reason::permission);
  EXPECT_EQ(failure("SELECT name AS value FROM jobs.flags LIMIT 1 FOR UPDATE").reason,
            Reason::permission);
  EXPECT_EQ(failure("WITH gone AS (DELETE FROM jobs.flags RETURNING *) SELECT * FROM gone").reason,
            Reason::unsupported);
  Direct admin(Where::primary, "app");
  EXPECT_EQ(admin.value("SELECT count(*) FROM jobs.written"), "0");
  EXPECT_EQ(admin.value("SELECT is_called FROM jobs.counted"), "f");
  EXPECT_EQ(admin.value("SELECT count(*) FROM jobs.flags"), "2");
}

TEST_F(RealQuery, RowsAndBytesAreCapped) {
  EXPECT_TRUE(poll("SELECT g AS key, 1 AS value FROM generate_series(1, 10000) g", "flags"));
  EXPECT_EQ(failure("SELECT g AS key, 1 AS value FROM generate_series(1, 10001) g").reason,
            Reason::too_large);
  EXPECT_EQ(failure("SELECT repeat('x', 20000000) AS value").reason, Reason::too_large);
  EXPECT_EQ(failure("SELECT g AS key, repeat('x', 1000) AS value FROM generate_series(1, 10000) g")
                .reason,
            Reason::too_large);
}

TEST_F(RealQuery, AQueryThatTakesTooLongEndsAtTheDeadlineOnTheServerToo) {
  const auto began = std::chrono::steady_clock::now();
  const auto report = poll("SELECT pg_sleep(60)::text AS value", "flags", "PGTEST_PRIMARY_PORT",
                           std::chrono::seconds(1));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, Reason::deadline) << report.error().text;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1800));
  Direct admin(Where::primary, "app");
  wait_until("the server has ended it", [&] {
    return admin.value(
               "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mixed_state' AND state = "
               "'active'") == "0";
  });
}

TEST_F(RealQuery, ABackfillTellsItsProgress) {
  const auto all = measures(
      "SELECT 'backfill' AS kind, count(total) AS processed_items, count(*) FILTER (WHERE total "
      "IS NULL) AS pending_items, count(*) FILTER (WHERE total <> price * amount) AS "
      "mismatched_items FROM jobs.orders");
  const auto& backfill = all.reconciliations.at("backfill");
  EXPECT_EQ(backfill.processed_items, 3U);
  EXPECT_EQ(backfill.pending_items, 2U);
  EXPECT_EQ(backfill.mismatched_items, 1U);
  EXPECT_EQ(backfill.succeeded, std::nullopt);
}

TEST_F(RealQuery, AnErrorOverDataQuotesNone) {
  const auto cast = failure("SELECT ('canary' || clock_timestamp())::int AS value");
  EXPECT_EQ(cast.reason, Reason::internal);
  EXPECT_THAT(cast.text, Not(HasSubstr("canary")));
  EXPECT_THAT(cast.text, HasSubstr("22P02"));
  const auto raised = failure("SELECT jobs.complains() AS value");
  EXPECT_THAT(raised.text, Not(HasSubstr("canary")));
  EXPECT_THAT(raised.text, HasSubstr("P0001"));
}

// deploy/examples/reconciliation-jobs.yml, but for its server's address and how it is encrypted.
class RealQueryExample : public testing::Test {
 protected:
  RealQueryExample() {
    Direct(Where::primary, "postgres").must("CREATE DATABASE orders");
    Direct(Where::primary, "orders").must(R"sql(
CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO mixed_state;
CREATE TABLE app.jobs (kind text, state text, created timestamptz, ended timestamptz);
INSERT INTO app.jobs VALUES ('ledger', 'done', now(), '2026-11-24 12:00:00+00'),
  ('ledger', 'failed', now(), now()), ('ledger', 'new', now() - interval '10 minutes', NULL),
  ('stock', 'done', now(), '2026-11-24 13:00:00+00');
CREATE TABLE app.orders (price int, amount int, total int);
INSERT INTO app.orders VALUES (2, 3, 6), (5, 5, 24), (7, 1, NULL);
CREATE TABLE app.inbox (idempotency_key text);
INSERT INTO app.inbox VALUES ('a'), ('b'), ('b');
CREATE TABLE app.flags (name text, enabled boolean);
INSERT INTO app.flags VALUES ('dark', true);
GRANT SELECT ON ALL TABLES IN SCHEMA app TO mixed_state;)sql");
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "pg.pass") << variable("PGTEST_PASSWORD");
  }
  ~RealQueryExample() override {
    std::filesystem::remove_all(folder_);
    Direct(Where::primary, "postgres").must("DROP DATABASE orders WITH (FORCE)");
  }

  Config example() {
    std::ostringstream bytes;
    bytes << std::ifstream(tests_dir() / "../deploy/examples/reconciliation-jobs.yml").rdbuf();
    auto yaml = bytes.str();
    const std::string address = "address: pg-1.internal";
    yaml.replace(yaml.find(address), address.size(),
                 "address: \"127.0.0.1:" + variable("PGTEST_PRIMARY_PORT") + "\"");
    std::ofstream(folder_ / "mixed_state.yml") << yaml;
    auto config = load_config((folder_ / "mixed_state.yml").string(), collector_kinds());
    EXPECT_TRUE(config) << config.error().message;
    return config.value_or(Config{});
  }

  // What each of its queries reads, in their order.
  std::vector<Report> reports() {
    std::vector<Report> all;
    const auto config = example();
    const auto& service = config.services.at(0);
    for (const auto& entry : service.collect) {
      const auto session = entry.by_node.at("pg-1")->open(service.settings.nodes.at(0).address,
                                                          process_.environment);
      auto report = process_.run(session->poll(Depth::narrow, in(std::chrono::seconds(5))));
      EXPECT_TRUE(report) << report.error().text;
      all.push_back(report.value_or(Report{}));
    }
    return all;
  }

  ClientLoop process_;
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("query_example." + std::to_string(::getpid()));
};

TEST_F(RealQueryExample, GivesItsJobsBackfillStreamAndFlags) {
  const auto all = reports();
  ASSERT_EQ(all.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(all[i].measures) << i;
  const auto& ledger = all[0].measures->reconciliations.at("ledger");
  EXPECT_EQ(ledger.succeeded, 1U);
  EXPECT_EQ(ledger.failed, 1U);
  EXPECT_EQ(ledger.pending_items, 1U);
  EXPECT_GE(ledger.oldest_pending, std::chrono::minutes(10));
  EXPECT_EQ(ledger.last_success, Wall(std::chrono::seconds(1795521600)));
  const auto& stock = all[0].measures->reconciliations.at("stock");
  EXPECT_EQ(stock.pending_items, 0U);
  EXPECT_EQ(stock.oldest_pending, std::nullopt);
  const auto& backfill = all[1].measures->reconciliations.at("backfill");
  EXPECT_EQ(backfill.processed_items, 2U);
  EXPECT_EQ(backfill.pending_items, 1U);
  EXPECT_EQ(backfill.mismatched_items, 1U);
  EXPECT_EQ(all[2].measures->streams.at("payments").duplicates, 1U);
  EXPECT_THAT(std::get<State>(all[3].dimensions.at("feature_flags").outcome).parts,
              UnorderedElementsAre(Key("dark")));
}

}  // namespace
}  // namespace mse
