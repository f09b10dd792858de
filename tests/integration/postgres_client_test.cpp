// The PostgreSQL client against a real server: logins, limits, locks, stuck backends.
#include "collectors/client/postgres.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "tests/integration/real_client.h"

namespace mse {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;
using std::chrono::seconds;

Duration since(Mono began) {
  return std::chrono::steady_clock::now() - began;
}

// How many backends of ours there are, however they got there.
std::string backends(Direct& admin) {
  return admin.value(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mixed_state_exporter' "
      "OR usename = 'mixed_state'");
}

void expect_reason(const Failure& failure, Reason reason) {
  EXPECT_EQ(name(failure.reason), name(reason)) << failure.text;
}

TEST(RealPostgresClient, LogsInByScramAndPreparesItsSession) {
  RealClient real;
  EXPECT_EQ(real.value("SELECT current_user || ' ' || current_database()"), "mixed_state app");
  EXPECT_EQ(real.value("SHOW transaction_read_only"), "on");
  EXPECT_EQ(real.value("SHOW lock_timeout"), "200ms");
  EXPECT_EQ(real.value("SHOW statement_timeout"), "3s");
  EXPECT_EQ(real.value("SHOW search_path"), "\"\"");
  EXPECT_EQ(real.value("SHOW application_name"), "mixed_state_exporter");
  EXPECT_GE(real.client.server_version(), 120000);
  Direct admin(Where::primary, "app");
  EXPECT_EQ(admin.value("SELECT substr(rolpassword, 1, 5) FROM pg_authid "
                        "WHERE rolname = 'mixed_state'"),
            "SCRAM");
}

TEST(RealPostgresClient, KeepsRowsColumnsAndNulls) {
  RealClient real;
  const auto rows = real.query("SELECT 1 AS one, NULL AS none UNION ALL SELECT 2, 'x' ORDER BY 1");
  ASSERT_TRUE(rows) << rows.error().text;
  EXPECT_EQ(rows->columns, (std::vector<std::string>{"one", "none"}));
  ASSERT_EQ(rows->rows.size(), 2U);
  EXPECT_EQ(rows->rows[0][1], std::nullopt);
  EXPECT_EQ(rows->rows[1][1], "x");
  const auto none = real.query("SELECT 1 AS one WHERE false");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->columns, std::vector<std::string>{"one"});
  EXPECT_TRUE(none->rows.empty());
}

TEST(RealPostgresClient, AWrongPasswordOrARoleOrDatabaseThatIsNotThereIsAuth) {
  auto wrong = plain_settings();
  wrong.password = Secret("not this one");
  expect_reason(RealClient(wrong).failure("SELECT 1"), Reason::auth);
  wrong.password = std::nullopt;
  expect_reason(RealClient(wrong).failure("SELECT 1"), Reason::auth);
  wrong = plain_settings();
  wrong.user = "nobody_of_that_name";
  expect_reason(RealClient(wrong).failure("SELECT 1"), Reason::auth);
  wrong = plain_settings();
  wrong.database = "no_such_database";
  expect_reason(RealClient(wrong).failure("SELECT 1"), Reason::auth);
}

TEST(RealPostgresClient, AServerAtMaxConnectionsIsOverload) {
  std::vector<std::unique_ptr<RealClient>> clients;
  std::optional<Failure> failure;
  for (int i = 0; i < 200 && !failure; ++i) {
    clients.push_back(std::make_unique<RealClient>());
    const auto rows = clients.back()->query("SELECT 1");
    if (!rows) failure = rows.error();
  }
  ASSERT_TRUE(failure) << "200 connections were not enough";
  expect_reason(*failure, Reason::overload);
  clients.clear();
  Direct admin(Where::primary, "app");
  wait_until("the backends end", [&] { return backends(admin) == "0"; });
}

TEST(RealPostgresClient, WhatARoleMayNotReadIsPermissionAndTheConnectionStays) {
  RealClient real;
  const auto pid = real.value("SELECT pg_backend_pid()");
  expect_reason(real.failure("SELECT * FROM pg_authid"), Reason::permission);
  expect_reason(real.failure("SELECT * FROM public.no_such_table"), Reason::unsupported);
  expect_reason(real.failure("SELECT no_such_function()"), Reason::unsupported);
  expect_reason(real.failure("SELECT no_such_column FROM pg_class"), Reason::unsupported);
  EXPECT_EQ(real.value("SELECT pg_backend_pid()"), pid);
}

TEST(RealPostgresClient, AStatementEndsOnTheServerALittleBeforeTheDeadline) {
  RealClient real;
  const auto pid = real.value("SELECT pg_backend_pid()");
  const auto began = std::chrono::steady_clock::now();
  expect_reason(real.failure("SELECT pg_sleep(30)", milliseconds(700)), Reason::deadline);
  EXPECT_LT(since(began), milliseconds(700));
  EXPECT_TRUE(real.client.connected());
  EXPECT_EQ(real.value("SELECT pg_backend_pid()"), pid);
  EXPECT_EQ(real.value("SHOW statement_timeout"), "3s") << "the next deadline is far again";
}

TEST(RealPostgresClient, AtTheDeadlineTheStatementIsCancelledOnTheServer) {
  auto settings = plain_settings();
  settings.statement_timeout = milliseconds(300);
  RealClient real(settings);
  const auto pid = real.value("SELECT pg_backend_pid()");
  real.value("SELECT set_config('statement_timeout', '0', false)");
  const auto failure = real.failure("SELECT pg_sleep(30)", milliseconds(400));
  expect_reason(failure, Reason::deadline);
  EXPECT_FALSE(real.client.connected()) << failure.text;
  Direct admin(Where::primary, "app");
  wait_until("the statement is cancelled", [&] {
    return admin.value("SELECT state FROM pg_stat_activity WHERE pid = " + pid) == "idle";
  });
  EXPECT_EQ(real.value("SELECT pg_backend_pid()"), pid);
}

// The client asks four times; without a second backend, and recovers as soon as the first can go
// on.
TEST(RealPostgresClient, AStoppedBackendIsDeadlineAndNeverGetsCompany) {
  RealClient real;
  Direct admin(Where::primary, "app");
  const auto pid = static_cast<pid_t>(std::stol(real.value("SELECT pg_backend_pid()")));
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  for (int i = 0; i < 4; ++i) {
    const auto began = std::chrono::steady_clock::now();
    expect_reason(real.failure("SELECT 1", milliseconds(300)), Reason::deadline);
    EXPECT_LT(since(began), milliseconds(500));
    EXPECT_EQ(backends(admin), "1");
  }
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  EXPECT_EQ(real.value("SELECT pg_backend_pid()"), std::to_string(pid));
}

TEST(RealPostgresClient, AConnectionThatTheServerEndedIsReplacedWithinTheNextQuery) {
  RealClient real;
  const auto pid = real.value("SELECT pg_backend_pid()");
  Direct admin(Where::primary, "app");
  admin.must("SELECT pg_terminate_backend(" + pid + ", 5000)");
  EXPECT_NE(real.value("SELECT pg_backend_pid()"), pid);
}

TEST(RealPostgresClient, ABackendEndedDuringAQueryIsReset) {
  RealClient real;
  const auto pid = real.value("SELECT pg_backend_pid()");
  std::thread ender([&] {
    Direct admin(Where::primary, "app");
    wait_until("the query runs", [&] {
      return admin.value("SELECT state FROM pg_stat_activity WHERE pid = " + pid) == "active";
    });
    admin.must("SELECT pg_terminate_backend(" + pid + ")");
  });
  expect_reason(real.failure("SELECT pg_sleep(2)"), Reason::reset);
  ender.join();
  EXPECT_EQ(real.value("SELECT 1"), "1");
}

TEST(RealPostgresClient, BehindAnAlterTableItGivesUpInTheLockTimeout) {
  Direct admin(Where::primary, "app");
  admin.must(
      "DROP TABLE IF EXISTS public.locked; CREATE TABLE public.locked (n int);"
      "GRANT SELECT ON public.locked TO mixed_state");
  RealClient real;
  EXPECT_EQ(real.value("SELECT count(*) FROM public.locked"), "0");
  admin.must("BEGIN; ALTER TABLE public.locked ADD COLUMN m int");
  const auto began = std::chrono::steady_clock::now();
  expect_reason(real.failure("SELECT count(*) FROM public.locked"), Reason::lock);
  EXPECT_GE(since(began), milliseconds(195));
  EXPECT_LT(since(began), milliseconds(600));
  EXPECT_TRUE(real.client.connected());
  admin.must("ROLLBACK; DROP TABLE public.locked");
}

// A reader that waits behind a waiting ALTER would hold nobody up; one that came before it does,
// but no longer than its statement_timeout.
TEST(RealPostgresClient, AnAlterTableIsNeverDelayedByAReaderThatWaits) {
  Direct reader(Where::primary, "app"), ddl(Where::primary, "app");
  ddl.must(
      "DROP TABLE IF EXISTS public.altered; CREATE TABLE public.altered (n int);"
      "GRANT SELECT ON public.altered TO mixed_state; SET lock_timeout = 0");
  reader.must("BEGIN; SELECT count(*) FROM public.altered");
  Duration delayed{};
  Mono freed{};
  std::thread alters([&] {
    ddl.must("ALTER TABLE public.altered ADD COLUMN m int");
    delayed = since(freed);
  });
  Direct admin(Where::primary, "app");
  wait_until("the ALTER waits", [&] {
    return admin.value(
               "SELECT count(*) FROM pg_locks WHERE NOT granted AND "
               "mode = 'AccessExclusiveLock'") == "1";
  });
  RealClient real;
  expect_reason(real.failure("SELECT count(*) FROM public.altered"), Reason::lock);
  freed = std::chrono::steady_clock::now();
  reader.must("COMMIT");
  alters.join();
  EXPECT_LT(delayed, milliseconds(200));
  ddl.must("DROP TABLE public.altered");
}

TEST(RealPostgresClient, CountsItsOwnTransactionsAsTheServerDoes) {
  auto settings = plain_settings();
  Direct admin(Where::primary, "postgres");
  admin.must("CREATE DATABASE counted");
  settings.database = "counted";
  const std::string counted =
      "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'counted'";
  const auto before = std::stoll(admin.value(counted));
  std::uint64_t sent = 0;
  {
    RealClient real(settings);
    for (int i = 0; i < 5; ++i) real.value("SELECT 1");
    expect_reason(real.failure("SELECT * FROM pg_authid"), Reason::permission);
    sent = real.client.statements();
  }
  // A backend flushes its counters when it ends.
  wait_until("the backend ends", [&] { return backends(admin) == "0"; });
  EXPECT_EQ(std::stoll(admin.value(counted)) - before, static_cast<long long>(sent));
  admin.must("DROP DATABASE counted");
}

TEST(RealPostgresClient, TheEnvironmentDecidesNothing) {
  const std::pair<const char*, const char*> hostile[] = {{"PGHOST", "192.0.2.1"},
                                                         {"PGHOSTADDR", "192.0.2.1"},
                                                         {"PGPORT", "1"},
                                                         {"PGUSER", "postgres"},
                                                         {"PGPASSWORD", "wrong"},
                                                         {"PGDATABASE", "postgres"},
                                                         {"PGSSLMODE", "verify-full"},
                                                         {"PGOPTIONS", "-c work_mem=77kB"},
                                                         {"PGAPPNAME", "somebody"},
                                                         {"PGREQUIREPEER", "nobody"},
                                                         {"PGTARGETSESSIONATTRS", "standby"},
                                                         {"PGCLIENTENCODING", "LATIN1"}};
  for (const auto& [name, value] : hostile) setenv(name, value, 1);
  RealClient real;
  EXPECT_EQ(real.value("SELECT current_user || ' ' || current_database()"), "mixed_state app");
  EXPECT_NE(real.value("SHOW work_mem"), "77kB");
  EXPECT_EQ(real.value("SHOW application_name"), "mixed_state_exporter");
  EXPECT_EQ(real.value("SHOW client_encoding"), "UTF8");
  setenv("PGPASSWORD", variable("PGTEST_PASSWORD").c_str(), 1);
  auto without = plain_settings();
  without.password = std::nullopt;
  expect_reason(RealClient(without).failure("SELECT 1"), Reason::auth);
  for (const auto& [name, value] : hostile) unsetenv(name);
}

TEST(RealPostgresClient, GoesThroughAUnixSocketsDirectory) {
  auto settings = plain_settings();
  settings.port = static_cast<std::uint16_t>(std::stoi(variable("PGTEST_PRIMARY_PORT")));
  RealClient real(settings, variable("PGTEST_DIR") + "/primary");
  EXPECT_EQ(real.value("SELECT coalesce(inet_client_addr()::text, 'socket')"), "socket");
}

TEST(RealPostgresClient, GoesThroughTheIpv6Loopback) {
  const int probe = socket(AF_INET6, SOCK_STREAM, 0);
  if (probe < 0) GTEST_SKIP() << "no IPv6 here";
  close(probe);
  RealClient real(plain_settings(), primary_address("[::1]"));
  EXPECT_EQ(real.value("SELECT host(inet_client_addr())"), "::1");
}

TEST(RealPostgresClient, ReadsAHotStandby) {
  RealClient real(plain_settings(), "127.0.0.1:" + variable("PGTEST_STANDBY_PORT"));
  wait_until("the standby has the database", [&] { return real.query("SELECT 1").has_value(); });
  EXPECT_EQ(real.value("SELECT pg_is_in_recovery()"), "t");
}

TEST(RealPostgresClient, AReplyOverItsBudgetIsTooLargeAndTheNextQueryIsAnswered) {
  auto settings = plain_settings();
  settings.reply_budget = 1U << 20U;
  RealClient real(settings);
  expect_reason(real.failure("SELECT repeat('x', 1000) FROM generate_series(1, 100000)"),
                Reason::too_large);
  expect_reason(real.failure("SELECT repeat('x', 100000000)"), Reason::too_large);
  EXPECT_EQ(real.value("SELECT 1"), "1");
}

}  // namespace
}  // namespace mse
