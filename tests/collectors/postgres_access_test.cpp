// PostgreSQL's access policy and pg_hba.conf as states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/postgres_access_policy.h"
#include "collectors/postgres_hba.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::Key;
using Row = std::vector<std::optional<std::string>>;

Rows policy(std::vector<Row> rows) {
  return {{"part", "kind", "name", "body"}, std::move(rows)};
}

TEST(PostgresAccessPolicy, NamesTheObjectWhoseGrantsDiffer) {
  const Row role{"role app", "role", "", "(f,t,f,f,t,f,f,-1,)"};
  const auto one =
      parse_access_policy(policy({role, {"table public.o", "acl", "a", "{a=arwdDxt/a}"}})).value();
  const auto other =
      parse_access_policy(policy({{"table public.o", "acl", "a", "{a=arwdDxt/a,b=r/a}"}, role}))
          .value();
  EXPECT_NE(one.key, other.key);
  EXPECT_EQ(one.parts.at("role app"), other.parts.at("role app"));
  EXPECT_NE(one.parts.at("table public.o"), other.parts.at("table public.o"));
}

TEST(PostgresAccessPolicy, HostileRepliesAreProtocolFailures) {
  for (auto& rows : std::vector<Rows>{policy({}),
                                      Rows{},
                                      {{"part", "kind"}, {{"a", "b"}}},
                                      policy({{{}, "acl", "a", "b"}}),
                                      policy({{"p", {}, "a", "b"}}),
                                      policy({{"p", "acl", "a"}})}) {
    EXPECT_EQ(parse_access_policy(rows).error().reason, Reason::protocol);
  }
}

Row rule(std::string place, std::string user, std::string method,
         std::optional<std::string> option = std::nullopt) {
  return {
      std::move(place),  "host", "all", std::move(user), "10.0.0.0", "255.0.0.0", std::move(method),
      std::move(option), "f"};
}

State hba(std::vector<Row> rows, const std::string& key = "key") {
  return parse_hba(Rows{{"place", "type", "database", "users", "address", "netmask", "auth_method",
                         "option", "broken"},
                        std::move(rows)},
                   key)
      .value();
}

TEST(PostgresHba, ARuleIsNamedByWhomItMatches) {
  EXPECT_THAT(hba({rule("1", "app", "md5")}).parts,
              ElementsAre(Key("host all app 10.0.0.0/255.0.0.0"), Key("order")));
}

TEST(PostgresHba, LineNumbersDoNotMatterButOrderDoes) {
  const auto one = hba({rule("1", "a", "md5"), rule("2", "b", "trust")});
  EXPECT_EQ(one.key, hba({rule("70", "b", "trust"), rule("9", "a", "md5")}).key);
  const auto swapped = hba({rule("2", "a", "md5"), rule("1", "b", "trust")});
  EXPECT_NE(one.key, swapped.key);
  EXPECT_NE(one.parts.at("order"), swapped.parts.at("order"));
  EXPECT_EQ(one.parts.at("host all a 10.0.0.0/255.0.0.0"),
            swapped.parts.at("host all a 10.0.0.0/255.0.0.0"));
}

TEST(PostgresHba, AChangedMethodIsItsRulesDifference) {
  const auto one = hba({rule("1", "a", "md5")});
  const auto other = hba({rule("1", "a", "trust")});
  EXPECT_NE(one.parts.at("host all a 10.0.0.0/255.0.0.0"),
            other.parts.at("host all a 10.0.0.0/255.0.0.0"));
  EXPECT_EQ(one.parts.at("order"), other.parts.at("order"));
}

TEST(PostgresHba, SecretOptionsAreComparedByKeyedDigestOnly) {
  const auto with = [](const std::string& password, const std::string& key) {
    return hba({rule("1", "a", "ldap", "ldapserver=x"),
                rule("1", "a", "ldap", "ldapbindpasswd=" + password)},
               key);
  };
  EXPECT_EQ(with("s", "k").key.fingerprint, with("t", "k").key.fingerprint);
  EXPECT_NE(with("s", "k").key, with("t", "k").key);
  EXPECT_NE(with("s", "k").parts.begin()->second, with("t", "k").parts.begin()->second);
  EXPECT_NE(with("s", "k").key.fingerprint,
            hba({rule("1", "a", "ldap", "ldapserver=y")}).key.fingerprint);
}

TEST(PostgresHba, BrokenLinesAreCounted) {
  const Row broken{"7", {}, {}, {}, {}, {}, {}, {}, "t"};
  const auto one = hba({rule("1", "a", "md5"), broken});
  EXPECT_TRUE(one.parts.contains("broken lines"));
  EXPECT_NE(one.key, hba({rule("1", "a", "md5")}).key);
  EXPECT_NE(one.key, hba({rule("1", "a", "md5"), broken, broken}).key);
}

TEST(PostgresHba, HostileRepliesAreProtocolFailures) {
  const std::vector<std::string> columns{"place",   "type",        "database", "users", "address",
                                         "netmask", "auth_method", "option",   "broken"};
  for (auto& rows : std::vector<Rows>{Rows{},
                                      {columns, {{"1"}}},
                                      {columns, {rule("x", "a", "md5")}},
                                      {columns, {rule("", "a", "md5")}},
                                      {columns, {{"1", "host", {}, {}, {}, {}, {}, {}, {}}}}}) {
    EXPECT_EQ(parse_hba(rows, "key").error().reason, Reason::protocol);
  }
  EXPECT_LT(hba({rule("1", std::string(1U << 20U, '\xff'), "md5")}).parts.begin()->first.size(),
            250U);
}

}  // namespace
}  // namespace mse
