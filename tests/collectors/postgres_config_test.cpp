// PostgreSQL's settings as a state: units, node-local keys, secrets, hidden rows.
#include "collectors/postgres_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/postgres_config_keys.h"
#include "collectors/secrets.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using Row = std::vector<std::optional<std::string>>;

const std::string kHmac = "a key of this process";
const Row kSeesAll{"sees all", "", std::nullopt, "true"};

Row setting(std::string name, std::string value, std::optional<std::string> unit = std::nullopt) {
  return {"setting", std::move(name), std::move(unit), std::move(value)};
}

Rows settings(std::vector<Row> rows) {
  return {{"kind", "name", "unit", "value"}, std::move(rows)};
}

Rows no_errors() {
  return {{"name", "error"}, {}};
}

State config(std::vector<Row> rows, const std::string& key = kHmac) {
  rows.push_back(kSeesAll);
  return parse_config(settings(std::move(rows)), no_errors(), key).value();
}

TEST(PostgresConfig, UnitsAreResolved) {
  EXPECT_EQ(config({setting("shared_buffers", "16384", "8kB")}).key,
            config({setting("shared_buffers", "131072", "kB")}).key);
  EXPECT_EQ(config({setting("statement_timeout", "5000", "ms")}).key,
            config({setting("statement_timeout", "5", "s")}).key);
  EXPECT_NE(config({setting("work_mem", "4096", "kB")}).key,
            config({setting("work_mem", "4096", "MB")}).key);
  EXPECT_EQ(canonical_setting("wal_buffers", "-1", "8kB"), "-1");
  EXPECT_EQ(canonical_setting("vacuum_cost_delay", "0.5", "ms"), "500 us");
  EXPECT_EQ(canonical_setting("x", "7", "furlong"), "7 furlong");
  EXPECT_EQ(canonical_setting("x", "7 B", "kB"), "7 B kB");
}

TEST(PostgresConfig, ListsAreComparedWithoutSpacesAndQuotes) {
  EXPECT_EQ(canonical_setting("shared_preload_libraries", "a, \"b\"", std::nullopt), "a,b");
  EXPECT_EQ(canonical_setting("log_destination", "stderr, csvlog", std::nullopt), "csvlog,stderr");
  EXPECT_EQ(canonical_setting("archive_mode", "a, b", std::nullopt), "a, b");
}

TEST(PostgresConfig, WhatIsTheNodesOwnIsLeftOut) {
  for (const auto* name : {"port", "data_directory", "primary_conninfo", "in_hot_standby",
                           "primary_slot_name", "listen_addresses", "server_version"}) {
    EXPECT_EQ(config({setting(name, "x")}).key, config({}).key) << name;
  }
  for (const auto* name : {"fsync", "TimeZone", "hot_standby_feedback", "archive_mode"}) {
    EXPECT_NE(config({setting(name, "x")}).key, config({}).key) << name;
  }
}

TEST(PostgresConfig, DifferingKeysAreNamed) {
  const auto one = config({setting("work_mem", "4096", "kB"), setting("fsync", "on")});
  const auto other = config({setting("work_mem", "8192", "kB"), setting("fsync", "on")});
  EXPECT_NE(one.parts.at("work_mem"), other.parts.at("work_mem"));
  EXPECT_EQ(one.parts.at("fsync"), other.parts.at("fsync"));
}

TEST(PostgresConfig, PendingRestartsAndAttachedSettingsAreKeysOfTheirOwn) {
  const auto state = config({{"pending", "max_connections", {}, {}},
                             {"attached", "app in this database: work_mem", {}, "1MB"}});
  EXPECT_THAT(state.parts, ElementsAre(Key("app in this database: work_mem"),
                                       Key("max_connections (pending restart)")));
}

TEST(PostgresConfig, SettingsThatWaitForARestartAreCounted) {
  const auto waiting = config({{"pending", "max_connections", {}, {}},
                               {"pending", "wal_level", {}, {}},
                               setting("max_connections", "100")});
  EXPECT_EQ(config_report(waiting)->pending_restart, 2);
  EXPECT_EQ(config_report(config({}))->pending_restart, 0);
  EXPECT_FALSE(config_report(tl::unexpected(Failure{Reason::permission, ""})));
}

TEST(PostgresConfig, ErrorsInFilesAreKeysOfTheirOwn) {
  const auto state = parse_config(settings({kSeesAll}),
                                  {{"name", "error"}, {{"work_mem", "invalid value"}}}, kHmac)
                         .value();
  EXPECT_THAT(state.parts, ElementsAre(Key("work_mem (error in file)")));
}

TEST(PostgresConfig, SecretsAreComparedOnlyUnderTheKeyOfThisProcess) {
  const auto with = [](const std::string& value, const std::string& key) {
    return config({setting("app.api_token", value)}, key);
  };
  EXPECT_EQ(with("a", kHmac).key.fingerprint, with("b", kHmac).key.fingerprint);
  EXPECT_NE(with("a", kHmac).key, with("b", kHmac).key);
  EXPECT_EQ(with("a", kHmac).key, with("a", kHmac).key);
  EXPECT_NE(with("a", kHmac).parts.at("app.api_token"), with("b", kHmac).parts.at("app.api_token"));
  EXPECT_NE(with("a", kHmac).key.secret_digest, with("a", "another").key.secret_digest);
  EXPECT_NE(with("a", kHmac).parts, with("a", "another").parts);
  EXPECT_EQ(config({setting("fsync", "on")}).key.secret_digest, "");
}

TEST(PostgresConfig, KnowsASecretByNameOrValue) {
  for (const auto* name : {"app.Password", "jwt.secret", "x.apiToken", "my.encryption_key",
                           "archive_command", "primary_conninfo", "vault.credentials"}) {
    EXPECT_TRUE(is_secret(name, "x")) << name;
  }
  EXPECT_TRUE(is_secret("app.dsn", "host=x PASSWORD=y"));
  EXPECT_TRUE(is_secret("app.url", "postgres://me:pw@host/db"));
  EXPECT_FALSE(is_secret("app.url", "https://host:8080/x"));
  EXPECT_FALSE(is_secret("password_encryption", "md5"));
  EXPECT_FALSE(is_secret("work_mem", "4096"));
}

TEST(PostgresConfig, HiddenRowsArePermissionNeverAState) {
  const auto reason = [](std::vector<Row> rows) {
    return parse_config(settings(std::move(rows)), no_errors(), kHmac).error().reason;
  };
  EXPECT_EQ(reason({{"sees all", "", {}, "false"}, setting("fsync", "on")}), Reason::permission);
  EXPECT_EQ(reason({{"sees all", "", {}, {}}, setting("fsync", "on")}), Reason::permission);
  EXPECT_EQ(reason({setting("fsync", "on")}), Reason::permission);
  EXPECT_EQ(reason({}), Reason::permission);
}

TEST(PostgresConfig, HostileRepliesAreProtocolFailures) {
  const auto reason = [](Rows rows, Rows errors) {
    return parse_config(std::move(rows), std::move(errors), kHmac).error().reason;
  };
  EXPECT_EQ(reason(Rows{{"kind", "name"}, {}}, no_errors()), Reason::protocol);
  EXPECT_EQ(reason(settings({kSeesAll, {"setting", {}, {}, "x"}}), no_errors()), Reason::protocol);
  EXPECT_EQ(reason(settings({kSeesAll}), Rows{{"name"}, {}}), Reason::protocol);
  EXPECT_EQ(reason(settings({kSeesAll}), Rows{{"name", "error"}, {{"a", {}}}}), Reason::protocol);
}

TEST(PostgresConfig, HostileNamesAreRepaired) {
  const auto state = config({setting("app.\xff\n" + std::string(9000, 'x'), "\xfe")});
  ASSERT_EQ(state.parts.size(), 1U);
  EXPECT_LT(state.parts.begin()->first.size(), 250U);
  EXPECT_THAT(state.parts.begin()->first, Not(HasSubstr("\n")));
}

TEST(PostgresConfig, SaysWhetherFilesMayBeRead) {
  EXPECT_TRUE(may_read_files(settings({{"sees files", "", {}, "true"}})));
  EXPECT_FALSE(may_read_files(settings({{"sees files", "", {}, "false"}})));
  EXPECT_FALSE(may_read_files(settings({})));
  EXPECT_FALSE(may_read_files(Rows{}));
}

}  // namespace
}  // namespace mse
