// PostgreSQL: whom a server is, taken out of the reply that also holds the data.
#include "collectors/postgres_identity.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

const std::string kPrimary = "primary 7711 3 67108960 16384 5432 1764000000000001 0";

Rows reply(std::optional<std::string> self, std::vector<std::optional<std::string>> data) {
  Rows rows{{"mse_self", "mse_row", "n"}, {}};
  for (auto& cell : data) rows.rows.push_back({self, "t", std::move(cell)});
  return rows;
}

Reason failure_of(Rows rows) {
  const auto self = take_identity(rows);
  EXPECT_FALSE(self);
  return self ? Reason::internal : self.error().reason;
}

TEST(PostgresIdentity, NamesThePrimaryOfAGroupAndItsPosition) {
  auto rows = reply(kPrimary, {"1"});
  const auto self = take_identity(rows).value();
  EXPECT_EQ(self.identity.role, Role::primary);
  EXPECT_EQ(self.identity.group, "7711/16384");
  EXPECT_EQ(self.identity.server, "7711/5432/1764000000000001");
  EXPECT_EQ(self.identity.history, "7711/3");
  EXPECT_EQ(self.position.history, "7711/3");
  EXPECT_EQ(self.position.bytes, 67108960U);
}

TEST(PostgresIdentity, AStandbyIsOfTheSameGroupButAnotherServer) {
  auto rows = reply(kPrimary, {"1"});
  auto standby_rows = reply("replica 7711 3 67108960 16384 5433 1764000000000009 0", {"1"});
  const auto primary = take_identity(rows).value();
  const auto standby = take_identity(standby_rows).value();
  EXPECT_EQ(standby.identity.role, Role::replica);
  EXPECT_EQ(standby.identity.group, primary.identity.group);
  EXPECT_EQ(standby.identity.history, primary.identity.history);
  EXPECT_NE(standby.identity.server, primary.identity.server);
}

TEST(PostgresIdentity, LeavesTheDataAsTheyWereAskedFor) {
  auto rows = reply(kPrimary, {"1", std::nullopt});
  ASSERT_TRUE(take_identity(rows));
  EXPECT_EQ(rows.columns, std::vector<std::string>{"n"});
  ASSERT_EQ(rows.rows.size(), 2U);
  EXPECT_EQ(rows.rows[0][0], "1");
  EXPECT_EQ(rows.rows[1][0], std::nullopt);
}

TEST(PostgresIdentity, NoDataAreNoRows) {
  Rows rows{{"mse_self", "mse_row", "n"}, {{kPrimary, std::nullopt, std::nullopt}}};
  ASSERT_TRUE(take_identity(rows));
  EXPECT_TRUE(rows.rows.empty());
}

TEST(PostgresIdentity, AForeignSessionOfAPoolerIsPartial) {
  EXPECT_EQ(failure_of(reply("primary 7711 3 67108960 16384 5432 1764000000000001 2", {"1"})),
            Reason::partial);
}

TEST(PostgresIdentity, HostileRepliesAreProtocolFailures) {
  const std::vector<std::optional<std::string>> hostile{
      std::nullopt,
      "",
      " ",
      "primary",
      "primary 7711 3 67108960 16384 5432 1764000000000001",
      "primary 7711 3 67108960 16384 5432 1764000000000001 0 0",
      "master 7711 3 67108960 16384 5432 1764000000000001 0",
      "primary 7711 3 -5 16384 5432 1764000000000001 0",
      "primary 7711 3 99999999999999999999 16384 5432 1764000000000001 0",
      "primary \xff 3 67108960 16384 5432 1764000000000001 0",
      std::string(1U << 20U, '9')};
  for (const auto& self : hostile) {
    EXPECT_EQ(failure_of(reply(self, {"1"})), Reason::protocol) << self.value_or("NULL");
  }
}

TEST(PostgresIdentity, ARowThatIsNotWholeIsAProtocolFailure) {
  EXPECT_EQ(failure_of(Rows{{"mse_self", "mse_row", "n"}, {{kPrimary, "t"}}}), Reason::protocol);
  EXPECT_EQ(failure_of(Rows{{"mse_self", "mse_row"}, {}}), Reason::protocol);
  EXPECT_EQ(failure_of(Rows{{"n"}, {{"1"}}}), Reason::protocol);
  EXPECT_EQ(failure_of(Rows{}), Reason::protocol);
}

}  // namespace
}  // namespace mse
