// A PostgreSQL session against a primary and its standby, with concerns of the test's own.
#include "collectors/postgres_session.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_software_version.h"
#include "collectors/postgres_traffic.h"
#include "tests/integration/real_client.h"

namespace mse {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;
using std::chrono::seconds;

State state_with(std::string text) {
  State state;
  state.text = std::move(text);
  return state;
}

// Gives the first cell of `sql` as the state of `dimension`.
asio::awaitable<Polled<Report>> read_cell(PostgresReader* reader, std::string dimension,
                                          std::string sql) {
  auto rows = co_await reader->rows(std::move(sql));
  if (!rows) co_return tl::unexpected(rows.error());
  Report report;
  report.dimensions[dimension].outcome = state_with(rows->rows.at(0).at(0).value_or(""));
  co_return report;
}

asio::awaitable<Polled<Report>> read_narrow(PostgresReader* reader) {
  return read_cell(reader, "narrow", "SELECT 'seen' AS cell");
}
asio::awaitable<Polled<Report>> read_deep(PostgresReader* reader) {
  return read_cell(reader, "deep", "SELECT 'seen' AS cell");
}
asio::awaitable<Polled<Report>> read_forbidden(PostgresReader* reader) {
  return read_cell(reader, "forbidden", "SELECT rolname AS cell FROM pg_authid");
}
asio::awaitable<Polled<Report>> read_slow(PostgresReader* reader) {
  return read_cell(reader, "slow", "SELECT pg_sleep(30) AS cell");
}
asio::awaitable<Polled<Report>> read_huge(PostgresReader* reader) {
  return read_cell(reader, "huge", "SELECT repeat('x', 100000000) AS cell");
}
asio::awaitable<Polled<Report>> read_nothing(PostgresReader*) {
  co_return Report{};
}

const std::vector<PostgresConcern> kConcerns{
    {{"forbidden"}, Depth::narrow, false, read_forbidden, nullptr},
    {{"huge"}, Depth::deep, false, read_huge, nullptr},
    {{"narrow"}, Depth::narrow, true, read_narrow, nullptr},
    {{"left_out"}, Depth::narrow, false, read_nothing, nullptr},
    {{"deep"}, Depth::deep, true, read_deep, nullptr},
    postgres_downstreams(),
    postgres_traffic(),
};

PostgresSettings settings() {
  auto settings = plain_settings();
  settings.reply_budget = 1U << 20U;
  return settings;
}

struct RealSession {
  explicit RealSession(const char* port, const std::vector<PostgresConcern>& concerns = kConcerns)
      : session(open_postgres(settings(), "127.0.0.1:" + variable(port), process.environment,
                              concerns)) {}

  Polled<Report> poll(Depth depth, Duration limit = seconds(5)) {
    return process.run(session->poll(depth, in(limit)));
  }
  Polled<PositionReading> position() { return process.run(session->position(in(seconds(5)))); }

  ClientLoop process;
  std::unique_ptr<Session> session;
};

constexpr const char* kPrimary = "PGTEST_PRIMARY_PORT";
constexpr const char* kStandby = "PGTEST_STANDBY_PORT";

std::string outcome(const Report& report, const std::string& dimension) {
  const auto found = report.dimensions.find(dimension);
  if (found == report.dimensions.end()) return "not read";
  const auto& outcome = found->second.outcome;
  if (const auto* state = std::get_if<State>(&outcome)) return state->text;
  if (const auto* unknown = std::get_if<Unknown>(&outcome)) {
    return "unknown " + std::string(name(unknown->reason));
  }
  return "absent";
}

TEST(RealPostgresSession, AFailedConcernCostsItsOwnDimensionsOnly) {
  RealSession real(kPrimary);
  const auto report = real.poll(Depth::deep);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(outcome(*report, "forbidden"), "unknown permission");
  EXPECT_EQ(outcome(*report, "huge"), "unknown too_large");
  EXPECT_EQ(outcome(*report, "left_out"), "unknown internal");
  EXPECT_EQ(outcome(*report, "narrow"), "seen");
  EXPECT_EQ(outcome(*report, "deep"), "seen");
  EXPECT_TRUE(report->downstreams);
  EXPECT_TRUE(report->requests);
}

TEST(RealPostgresSession, ANarrowPollLeavesDeepDimensionsOut) {
  RealSession real(kPrimary);
  const auto report = real.poll(Depth::narrow);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(outcome(*report, "narrow"), "seen");
  EXPECT_EQ(outcome(*report, "deep"), "not read");
}

TEST(RealPostgresSession, PrimaryAndStandbyAreOneGroupOfTwoServersAndOneHistory) {
  RealSession primary(kPrimary), standby(kStandby);
  const auto one = primary.poll(Depth::narrow), other = standby.poll(Depth::narrow);
  ASSERT_TRUE(one) << one.error().text;
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_EQ(one->identity->role, Role::primary);
  EXPECT_EQ(other->identity->role, Role::replica);
  EXPECT_EQ(one->identity->group, other->identity->group);
  EXPECT_NE(one->identity->server, other->identity->server);
  EXPECT_EQ(outcome(*one, kReplicationHistory), one->identity->history);
  EXPECT_EQ(outcome(*one, kReplicationHistory), outcome(*other, kReplicationHistory));
}

TEST(RealPostgresSession, ReplicatedDimensionsCarryThePositionTheyWereReadAt) {
  for (const auto* port : {kPrimary, kStandby}) {
    RealSession real(port);
    const auto before = real.position();
    const auto report = real.poll(Depth::narrow);
    ASSERT_TRUE(before && report);
    const auto& reading = report->dimensions.at("narrow");
    EXPECT_TRUE(reading.replicated);
    ASSERT_TRUE(reading.position);
    EXPECT_GE(reading.position->bytes, before->position.bytes);
    EXPECT_EQ(reading.position->history, report->identity->history);
    EXPECT_FALSE(report->dimensions.at(kReplicationHistory).replicated);
  }
}

TEST(RealPostgresSession, PositionsComeOverAConnectionOfTheirOwn) {
  RealSession real(kPrimary);
  ASSERT_TRUE(real.poll(Depth::narrow));
  const auto position = real.position();
  ASSERT_TRUE(position) << position.error().text;
  EXPECT_EQ(position->identity.role, Role::primary);
  EXPECT_GT(position->position.bytes, 0U);
  Direct admin(Where::primary, "app");
  EXPECT_EQ(admin.value("SELECT count(*) FROM pg_stat_activity "
                        "WHERE application_name = 'mixed_state_exporter'"),
            "2");
}

TEST(RealPostgresSession, AStatementThatTakesAllTheTimeLeavesTheRestUnknown) {
  const std::vector<PostgresConcern> concerns{
      {{"narrow"}, Depth::narrow, false, read_narrow, nullptr},
      {{"slow"}, Depth::narrow, false, read_slow, nullptr},
  };
  RealSession real(kPrimary, concerns);
  const auto report = real.poll(Depth::narrow, milliseconds(600));
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(outcome(*report, "narrow"), "seen");
  EXPECT_EQ(outcome(*report, "slow"), "unknown deadline");
}

TEST(RealPostgresSession, AStoppedBackendFailsThePollAndItRecovers) {
  RealSession real(kPrimary);
  ASSERT_TRUE(real.poll(Depth::narrow));
  Direct admin(Where::primary, "app");
  const auto pid = static_cast<pid_t>(std::stol(admin.value(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'mixed_state_exporter'")));
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  const auto report = real.poll(Depth::narrow, milliseconds(300));
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  ASSERT_FALSE(report);
  EXPECT_EQ(name(report.error().reason), name(Reason::deadline));
  EXPECT_TRUE(real.poll(Depth::narrow));
}

// A socket that leads to the primary, and to the standby from the middle of a poll on.
struct Switch {
  Switch() {
    std::filesystem::create_directories(directory);
    lead_to("primary", kPrimary);
  }
  ~Switch() { std::filesystem::remove_all(directory); }

  static void lead_to(const std::string& server, const char* port) {
    const auto socket = directory + "/.s.PGSQL.5432";
    std::filesystem::remove(socket);
    std::filesystem::create_symlink(
        variable("PGTEST_DIR") + "/" + server + "/.s.PGSQL." + variable(port), socket);
  }

  static inline const std::string directory =
      std::filesystem::temp_directory_path() / ("mse_switch_" + std::to_string(getpid()));
};

asio::awaitable<Polled<Report>> read_while_switching(PostgresReader* reader) {
  Switch::lead_to("standby", kStandby);
  return read_huge(reader);  // which costs the connection
}

TEST(RealPostgresSession, WhatAnotherServerSaysInTheMiddleOfAPollIsIdentityChanged) {
  const std::vector<PostgresConcern> concerns{
      {{"before"},
       Depth::narrow,
       false,
       [](PostgresReader* reader) { return read_cell(reader, "before", "SELECT 'seen' AS cell"); },
       nullptr},
      {{"huge"}, Depth::narrow, false, read_while_switching, nullptr},
      {{"narrow"}, Depth::narrow, true, read_narrow, nullptr},
  };
  const Switch socket;
  ClientLoop process;
  const auto session = open_postgres(settings(), Switch::directory, process.environment, concerns);
  const auto report = process.run(session->poll(Depth::narrow, in(seconds(5))));
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->identity->role, Role::primary);
  EXPECT_EQ(outcome(*report, "before"), "seen");
  EXPECT_EQ(outcome(*report, "narrow"), "unknown identity_changed");
  const auto next = process.run(session->poll(Depth::narrow, in(seconds(5))));
  ASSERT_TRUE(next) << next.error().text;
  EXPECT_EQ(next->identity->role, Role::replica);
}

TEST(RealPostgresSession, MayBeDestroyedDuringAPoll) {
  const std::vector<PostgresConcern> concerns{{{"slow"}, Depth::narrow, false, read_slow, nullptr}};
  RealSession real(kPrimary, concerns);
  asio::steady_timer timer(real.process.loop, milliseconds(150));
  timer.async_wait([&](asio::error_code) { real.session.reset(); });
  auto work = real.session->poll(Depth::narrow, in(seconds(5)));
  const auto report = real.process.run(std::move(work));
  EXPECT_FALSE(report);
}

}  // namespace
}  // namespace mse
