// Blocking libpq, and a coroutine run to its end.
#include "direct.h"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdlib>
#include <map>
#include <thread>
#include <utility>

#include "collectors/cells.h"

namespace mse::testing_support {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string parameters(Where where, const std::string& database, const std::string& user) {
  return "host=127.0.0.1 connect_timeout=10 port=" +
         environment(where == Where::primary ? "PGTEST_PRIMARY_PORT" : "PGTEST_STANDBY_PORT") +
         " password=" + environment("PGTEST_PASSWORD") + " dbname=" + database +
         " user=" + (user.empty() ? environment("PGTEST_USER") : user);
}

Reason reason_of(const std::string& sqlstate) {
  static const std::map<std::string, Reason> kReasons{
      {"42501", Reason::permission},  {"55P03", Reason::lock},
      {"42P01", Reason::unsupported}, {"42703", Reason::unsupported},
      {"42883", Reason::unsupported}, {"57014", Reason::deadline}};
  const auto known = kReasons.find(sqlstate);
  return known == kReasons.end() ? Reason::internal : known->second;
}

Rows rows_of(const PGresult* result) {
  Rows out;
  for (int c = 0; c < PQnfields(result); ++c) out.columns.emplace_back(PQfname(result, c));
  for (int r = 0; r < PQntuples(result); ++r) {
    auto& row = out.rows.emplace_back();
    for (int c = 0; c < PQnfields(result); ++c) {
      row.push_back(PQgetisnull(result, r, c) != 0 ? Cell() : Cell(PQgetvalue(result, r, c)));
    }
  }
  return out;
}

}  // namespace

Direct::Direct(Where where, const std::string& database, const std::string& user)
    : connection_(PQconnectdb(parameters(where, database, user).c_str()), &PQfinish) {
  EXPECT_EQ(PQstatus(connection_.get()), CONNECTION_OK) << PQerrorMessage(connection_.get());
  must(
      "SET search_path = ''; SET jit = off; SET lock_timeout = '200ms'; SET client_min_messages = "
      "error");
}

Polled<Rows> Direct::query(const std::string& sql) {
  ++statements_;
  const Result result(PQexec(connection_.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(result.get());
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  return tl::unexpected(
      Failure{reason_of(state == nullptr ? "" : state), PQerrorMessage(connection_.get())});
}

void Direct::must(const std::string& sql) {
  const auto rows = query(sql);
  EXPECT_TRUE(rows) << sql << ": " << rows.error().text;
}

std::string Direct::value(const std::string& sql) {
  const auto rows = query(sql);
  EXPECT_TRUE(rows && !rows->rows.empty()) << sql << ": " << (rows ? "" : rows.error().text);
  return rows && !rows->rows.empty() ? rows->rows[0].at(0).value_or("") : "";
}

Polled<Rows> Direct::ask(const std::string& select) {
  if (locks_) must("BEGIN");
  auto rows = query(with_identity(select));
  if (locks_) {
    const auto held = value("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()");
    locks_ = std::max(*locks_, std::stoi(held));
    must("COMMIT");
  }
  if (!rows) return rows;
  const auto self = take_identity(*rows);
  if (!self) return tl::unexpected(self.error());
  return rows;
}

int Direct::most_locks(const PostgresConcern& concern) {
  locks_ = 0;
  EXPECT_TRUE(read(concern));
  return *std::exchange(locks_, std::nullopt);
}

Polled<Report> Direct::read(const PostgresConcern& concern) {
  PostgresReader reader;
  reader.server_version = PQserverVersion(connection_.get());
  reader.hmac_key = "test";
  reader.own_statements = statements_;
  reader.traffic = &traffic_;
  reader.rows = [this](std::string select) -> asio::awaitable<Polled<Rows>> {
    co_return ask(select);
  };
  asio::io_context loop;
  Polled<Report> out;
  asio::co_spawn(loop, concern.read(&reader),
                 [&](std::exception_ptr thrown, Polled<Report> report) {
                   if (thrown) std::rethrow_exception(thrown);
                   out = std::move(report);
                 });
  loop.run();
  return out;
}

State Direct::state(const PostgresConcern& concern) {
  auto report = read(concern);
  EXPECT_TRUE(report) << concern.dimensions.front() << ": " << report.error().text;
  if (!report) return {};
  auto* state = std::get_if<State>(&report->dimensions[concern.dimensions.front()].outcome);
  EXPECT_NE(state, nullptr) << concern.dimensions.front() << " has no state";
  return state == nullptr ? State{} : *state;
}

Reason Direct::reason(const PostgresConcern& concern) {
  const auto report = read(concern);
  EXPECT_FALSE(report) << "could be read";
  return report ? Reason::internal : report.error().reason;
}

Polled<PostgresSelf> Direct::self() {
  auto rows = query(with_identity("SELECT 1 AS one"));
  if (!rows) return tl::unexpected(rows.error());
  return take_identity(*rows);
}

void wait_for_standby() {
  Direct primary(Where::primary, "postgres");
  Direct standby(Where::standby, "postgres");
  const auto lsn = primary.value("SELECT pg_current_wal_insert_lsn()");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (standby.value("SELECT pg_last_wal_replay_lsn() >= '" + lsn + "'") != "t") {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the standby does not catch up";
    std::this_thread::yield();
  }
}

std::set<std::string> differing(const State& one, const State& other) {
  std::set<std::string> out;
  for (const auto& [part, digest] : one.parts) {
    const auto twin = other.parts.find(part);
    if (twin == other.parts.end() || twin->second != digest) out.insert(part);
  }
  for (const auto& [part, digest] : other.parts) {
    if (!one.parts.contains(part)) out.insert(part);
  }
  EXPECT_EQ(out.empty(), one.key == other.key) << "parts and fingerprint disagree";
  return out;
}

}  // namespace mse::testing_support
