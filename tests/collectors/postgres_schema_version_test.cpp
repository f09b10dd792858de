// PostgreSQL's migration tools: shapes of history tables told apart, states, locks, hostile
// replies.
#include "collectors/postgres_schema_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/postgres_online_changes.h"

namespace mse {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;
using Row = std::vector<std::optional<std::string>>;

// A table of columns "name:category", readable unless said.
std::vector<Row> table(const std::string& name, const std::vector<std::string>& columns,
                       const std::string& schema = "public", const std::string& filtered = "f",
                       const std::string& readable = "t") {
  std::vector<Row> out;
  for (const auto& column : columns) {
    const auto colon = column.find(':');
    out.push_back(
        {schema, name, column.substr(0, colon), column.substr(colon + 1), filtered, readable});
  }
  return out;
}

std::vector<Row> operator+(std::vector<Row> a, const std::vector<Row>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Polled<std::vector<FoundHistory>> find(std::vector<Row> rows) {
  const auto tables = parse_history_tables(
      Rows{{"schema", "name", "column", "category", "filtered", "readable"}, std::move(rows)});
  return tables ? recognised(*tables) : tl::unexpected(tables.error());
}

std::string tool_of(std::vector<Row> rows) {
  const auto found = find(std::move(rows)).value();
  return found.empty() ? "none" : std::string(found.front().tool->tool);
}

TEST(PostgresHistoryTables, SchemaMigrationsIsToldApartByItsColumns) {
  const auto internal =
      table("ar_internal_metadata", {"key:S", "value:S", "created_at:D", "updated_at:D"});
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:S"})), "dbmate");
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:S"}) + internal), "rails");
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:N", "dirty:B"})), "golang-migrate");
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:N", "inserted_at:D"})), "ecto");
}

TEST(PostgresHistoryTables, RailsIsDecidedBySchema) {
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:S"}, "a") +
                    table("ar_internal_metadata", {"key:S"}, "b")),
            "dbmate");
}

TEST(PostgresHistoryTables, ANameAloneIsAnApplicationsTable) {
  for (const auto& columns : std::vector<std::vector<std::string>>{{"filename:S"},
                                                                   {"version:N"},
                                                                   {"version:S", "at:D"},
                                                                   {"version:S", "dirty:B"},
                                                                   {"x:S"}}) {
    EXPECT_EQ(tool_of(table("schema_migrations", columns)), "none");
  }
  EXPECT_EQ(tool_of(table("schema_version", {"version:N"})), "none") << "tern, not Flyway";
  EXPECT_EQ(tool_of(table("users", {"version:S"})), "none");
}

TEST(PostgresHistoryTables, ATypeOfSomebodysOwnMatchesNothing) {
  EXPECT_EQ(tool_of(table("schema_migrations", {"version:?"})), "none");
}

TEST(PostgresHistoryTables, NamesAreComparedWithoutCaseAndQuotedAsTheyAre) {
  const auto found = find(table("DATABASECHANGELOG",
                                {"ID:S", "AUTHOR:S", "FILENAME:S", "DATEEXECUTED:D",
                                 "ORDEREXECUTED:N", "EXECTYPE:S"},
                                "Odd \"Schema"))
                         .value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().tool->tool, "liquibase");
  const auto sql = read_history_sql(found);
  EXPECT_THAT(sql, HasSubstr("\"Odd \"\"Schema\".\"DATABASECHANGELOG\""));
  EXPECT_THAT(sql, HasSubstr("\"DATEEXECUTED\""));
  EXPECT_THAT(sql, Not(HasSubstr("{")));
}

TEST(PostgresHistoryTables, EveryToolsStatementIsFilledInCompletely) {
  for (const auto& tool : migration_tools()) {
    HistoryTable history{"public", "h", false, {}};
    std::string columns(tool.columns);
    for (std::size_t at = 1; at < columns.size(); at = columns.find(' ', at) + 1) {
      const auto name = columns.substr(at, columns.find(':', at) - at);
      history.columns[name] = {name, "S", true};
    }
    HistoryTable lock{"public", "l", false, history.columns};
    for (const auto* name : {"locked", "lockgranted", "is_locked"})
      lock.columns[name] = {name, "S", true};
    EXPECT_THAT(read_history_sql({{&tool, history, lock}}), Not(HasSubstr("{"))) << tool.tool;
  }
}

TEST(PostgresHistoryTables, SeveralToolsAreReadTogether) {
  const auto found =
      find(table("goose_db_version", {"id:N", "version_id:N", "is_applied:B", "tstamp:D"}, "a") +
           table("alembic_version", {"version_num:S"}, "b"))
          .value();
  EXPECT_EQ(found.size(), 2U);
  EXPECT_THAT(read_history_sql(found), HasSubstr("UNION ALL"));
}

TEST(PostgresHistoryTables, ATableThatMayNotBeReadIsPermission) {
  const auto reason = [](const std::string& filtered, const std::string& readable) {
    return find(table("alembic_version", {"version_num:S"}, "public", filtered, readable))
        .error()
        .reason;
  };
  EXPECT_EQ(reason("f", "f"), Reason::permission);
  EXPECT_EQ(reason("t", "t"), Reason::permission) << "row security hides rows";
}

TEST(PostgresHistoryTables, ALockThatMayNotBeReadCostsOnlyTheLock) {
  const auto knex = table("knex_migrations", {"id:N", "name:S", "batch:N", "migration_time:D"});
  const std::vector<std::string> lock{"index:N", "is_locked:N"};
  EXPECT_TRUE(find(knex + table("knex_migrations_lock", lock))->front().lock);
  const auto hidden = find(knex + table("knex_migrations_lock", lock, "public", "f", "f"));
  ASSERT_EQ(hidden->size(), 1U);
  EXPECT_FALSE(hidden->front().lock);
}

TEST(PostgresHistoryTables, AnEndlessListIsTooLarge) {
  std::vector<Row> rows;
  for (int i = 0; i < 201; ++i) {
    rows =
        std::move(rows) + table("alembic_version", {"version_num:S"}, "tenant" + std::to_string(i));
  }
  EXPECT_EQ(find(rows).error().reason, Reason::too_large);
}

TEST(PostgresHistoryTables, HostileRepliesAreProtocolFailures) {
  EXPECT_EQ(parse_history_tables(Rows{}).error().reason, Reason::protocol);
  EXPECT_EQ(find({{"s", "t", {}, "S", "f", "t"}}).error().reason, Reason::protocol);
  EXPECT_EQ(find({{"s", "t"}}).error().reason, Reason::protocol);
}

Rows versions(std::vector<Row> rows) {
  return {{"tool", "place", "version", "applied", "dirty", "locked"}, std::move(rows)};
}

DeclaredVersions declared(std::vector<Row> rows) {
  return parse_declared_versions(versions(std::move(rows))).value();
}

TEST(PostgresSchemaVersion, OneToolsTextIsItsVersion) {
  const auto out = declared({{"flyway", "public.f", "42", "abc", "f", {}}});
  EXPECT_EQ(out.state.text, "42");
  EXPECT_THAT(out.state.parts,
              ElementsAre(Key("flyway public.f applied"), Key("flyway public.f version")));
  EXPECT_FALSE(out.migrations.dirty);
  EXPECT_EQ(out.migrations.locked, std::nullopt);
}

TEST(PostgresSchemaVersion, TheSameVersionWithAnotherSetIsAnotherState) {
  const auto one = declared({{"flyway", "public.f", "42", "abc", "f", {}}}).state;
  const auto other = declared({{"flyway", "public.f", "42", "abd", "f", {}}}).state;
  EXPECT_NE(one.key, other.key);
  EXPECT_EQ(one.parts.at("flyway public.f version"), other.parts.at("flyway public.f version"));
}

TEST(PostgresSchemaVersion, SeveralToolsAreNamed) {
  const auto out = declared(
      {{"knex", "public.k", "4.js", "x", "f", {}}, {"flyway", "public.f", "3", "y", "t", "2.5"}});
  EXPECT_EQ(out.state.text, "flyway 3, knex 4.js");
  EXPECT_TRUE(out.migrations.dirty);
  EXPECT_EQ(out.migrations.locked, std::chrono::milliseconds(2500));
}

TEST(PostgresSchemaVersion, NothingAppliedIsNone) {
  EXPECT_EQ(declared({{"alembic", "public.a", {}, "x", "f", {}}}).state.text, "none");
}

TEST(PostgresSchemaVersion, TheLongestLockCountsAndIsNeverNegative) {
  EXPECT_EQ(declared({{"a", "p", "1", "x", "f", "-5"}}).migrations.locked, seconds(0));
  EXPECT_EQ(
      declared({{"a", "p", "1", "x", "f", "7"}, {"b", "p", "1", "x", "f", "3"}}).migrations.locked,
      seconds(7));
}

TEST(PostgresSchemaVersion, HostileVersionsAreRepairedAndDistrusted) {
  const auto out = declared({{"a", "p", "\xff" + std::string(1U << 20U, 'v'), "x", {}, "1e308"}});
  EXPECT_LT(out.state.text.size(), 100U);
  EXPECT_TRUE(out.migrations.dirty) << "an unknown flag is not clean";
  for (auto& rows : std::vector<Rows>{versions({}), Rows{}, versions({{"a", "p", "1"}}),
                                      versions({{"a", {}, "1", "x", "f", {}}}),
                                      versions({{"a", "p", "1", {}, "f", {}}})}) {
    EXPECT_EQ(parse_declared_versions(rows).error().reason, Reason::protocol);
  }
}

TEST(PostgresOnlineChanges, AreCountedByToolAndPhase) {
  const auto changes = parse_online_changes(
      Rows{{"change", "count"}, {{"pg_osc/running", "2"}, {"pgroll/running", "0"}}});
  EXPECT_THAT(*changes, ElementsAre(Pair("pg_osc/running", 2)));
}

TEST(PostgresOnlineChanges, HostileRepliesAreProtocolFailures) {
  for (auto& rows : std::vector<Rows>{{{"change", "count"}, {{"evil\n/x", "1"}}},
                                      {{"change", "count"}, {{"pgroll/running", "-1"}}},
                                      {{"change", "count"}, {{{}, "1"}}},
                                      {{"change"}, {}}}) {
    EXPECT_EQ(parse_online_changes(rows).error().reason, Reason::protocol);
  }
  EXPECT_EQ(parse_online_changes(Rows{{"change", "count"}, {{"pgroll/running", "99999999999"}}})
                ->at("pgroll/running"),
            1000000);
}

}  // namespace
}  // namespace mse
