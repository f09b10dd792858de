// The printed grants: each line once, names quoted.
#include "collectors/postgres_grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/postgres_config.h"
#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_hba.h"
#include "collectors/postgres_schema.h"
#include "collectors/postgres_schema_version.h"

namespace mse {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PostgresGrants, OfTheSmallestCollectorAreTheRoleAndItsPositions) {
  EXPECT_EQ(postgres_grants("mixed_state", "orders", {postgres_schema()}),
            "\\connect \"orders\"\n"
            "DO $grants$ BEGIN CREATE ROLE \"mixed_state\" LOGIN; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $grants$;\n"
            "-- then give it a password: \\password \"mixed_state\"\n"
            "GRANT CONNECT ON DATABASE \"orders\" TO \"mixed_state\";\n"
            "GRANT pg_read_all_stats TO \"mixed_state\";\n");
}

TEST(PostgresGrants, HbaIsGrantedOnlyWhenItIsRead) {
  EXPECT_THAT(postgres_grants("r", "d", {postgres_config()}), Not(HasSubstr("pg_hba_file_rules")));
  EXPECT_THAT(postgres_grants("r", "d", {postgres_hba()}),
              HasSubstr("GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO \"r\";\n"));
}

TEST(PostgresGrants, ALineIsPrintedOnce) {
  const auto sql = postgres_grants("r", "d", {postgres_downstreams(), postgres_downstreams()});
  const auto first = sql.find("pg_read_all_stats");
  EXPECT_EQ(sql.find("pg_read_all_stats", first + 1), std::string::npos);
}

TEST(PostgresGrants, EveryHistoryTableAndItsLockIsGrantedWhereItExists) {
  const auto sql = postgres_grants("r", "d", {postgres_schema_version()});
  EXPECT_THAT(sql, HasSubstr("('{databasechangelog}', '{author,dateexecuted,exectype,filename,id,"
                             "orderexecuted}'), ('{databasechangeloglock}', '{}')"));
  for (const auto& tool : migration_tools()) {
    const auto first = tool.tables.substr(1, tool.tables.find(' ', 1) - 1);
    EXPECT_THAT(sql, HasSubstr(std::string(first)));
  }
}

TEST(PostgresGrants, NamesCannotBreakOut) {
  EXPECT_THAT(postgres_grants("a\"; DROP", "d", {postgres_config()}),
              HasSubstr("GRANT pg_read_all_settings TO \"a\"\"; DROP\";\n"));
  EXPECT_THAT(postgres_grants("a$grants$", "d", {postgres_schema_version()}),
              HasSubstr("END $grants_$;\n"));
  EXPECT_THAT(postgres_grants("it's", "d", {postgres_schema_version()}),
              HasSubstr("history.name, '\"it''s\"');\n"));
}

}  // namespace
}  // namespace mse
