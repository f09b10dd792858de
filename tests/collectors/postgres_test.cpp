// The PostgreSQL collector's settings and its table of concerns.
#include "collectors/postgres.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "exporter/load_config.h"

namespace mse {
namespace {

Options options(const std::string& yaml) {
  auto parsed = parse_options(yaml, "test.yml");
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return *parsed;
}

std::unique_ptr<Collector> collector(const std::string& yaml) {
  auto made = make_postgres(options(yaml));
  EXPECT_TRUE(made) << yaml << ": " << (made ? "" : made.error().message);
  return made ? std::move(*made) : nullptr;
}

std::string error(const std::string& yaml) {
  const auto made = make_postgres(options(yaml));
  return made ? "no error" : made.error().message;
}

TEST(PostgresCollector, NeedsNoSettings) {
  auto none = options("{}");
  const auto settings = postgres_settings(none);
  EXPECT_EQ(settings.user, "mixed_state");
  EXPECT_EQ(settings.database, "postgres");
  EXPECT_EQ(settings.port, 5432);
  EXPECT_FALSE(settings.tls);
  EXPECT_FALSE(settings.password);
  EXPECT_EQ(settings.statement_timeout, std::chrono::seconds(3));
}

TEST(PostgresCollector, TakesTheSettingsItIsGiven) {
  setenv("MSE_TEST_PASSWORD", "secret", 1);
  auto given = options(
      "{user: u, password: '${MSE_TEST_PASSWORD}', database: d, port: 6432, statement_timeout: 1s,"
      " tls: {mode: verify-ca, ca_file: /c.pem, cert_file: /a.pem, key_file: /k.pem}}");
  const auto settings = postgres_settings(given);
  unsetenv("MSE_TEST_PASSWORD");
  EXPECT_TRUE(given.finish());
  EXPECT_EQ(settings.user, "u");
  ASSERT_TRUE(settings.password);
  EXPECT_EQ(settings.password->reveal(), "secret");
  EXPECT_EQ(settings.database, "d");
  EXPECT_EQ(settings.port, 6432);
  EXPECT_EQ(settings.statement_timeout, std::chrono::seconds(1));
  EXPECT_EQ(settings.tls, PostgresTls::verify_ca);
  EXPECT_EQ(settings.ca_file, "/c.pem");
  EXPECT_EQ(settings.cert_file, "/a.pem");
  EXPECT_EQ(settings.key_file, "/k.pem");
}

TEST(PostgresCollector, KnowsTheModesOfTls) {
  const std::pair<const char*, PostgresTls> table[] = {{"off", PostgresTls::off},
                                                       {"verify-ca", PostgresTls::verify_ca},
                                                       {"verify-full", PostgresTls::verify_full}};
  for (const auto& [mode, tls] : table) {
    auto given = options("{tls: {mode: " + std::string(mode) + "}}");
    EXPECT_EQ(postgres_settings(given).tls, tls);
    EXPECT_TRUE(given.finish()) << mode;
  }
}

TEST(PostgresCollector, NamingCertificatesMeansTlsOnLoopbackToo) {
  for (const auto* text : {"{tls: {ca_file: /c.pem}}", "{tls: {cert_file: /a, key_file: /k}}"}) {
    auto given = options(text);
    EXPECT_EQ(postgres_settings(given).tls, PostgresTls::verify_full) << text;
  }
  auto off = options("{tls: {mode: off, ca_file: /c.pem}}");
  EXPECT_EQ(postgres_settings(off).tls, PostgresTls::off);
}

TEST(PostgresCollector, AWrongSettingIsAnErrorThatNamesIt) {
  using testing::HasSubstr;
  EXPECT_THAT(error("{user: ''}"), HasSubstr("the role to log in as"));
  EXPECT_THAT(error("{database: ''}"), HasSubstr("the database to read"));
  EXPECT_THAT(error("{password: inline}"), HasSubstr("password"));
  EXPECT_THAT(error("{port: 65536}"), HasSubstr("port"));
  EXPECT_THAT(error("{statement_timeout: 1ms}"), HasSubstr("a duration from 100ms to 5m"));
  EXPECT_THAT(error("{tls: {mode: require}}"), HasSubstr("off, verify-ca or verify-full"));
  EXPECT_THAT(error("{tls: {cert_file: a}}"), HasSubstr("both or neither"));
  EXPECT_THAT(error("{tls: {ca: a}}"), HasSubstr("ca_file"));
  EXPECT_THAT(error("{pasword_file: a}"), HasSubstr("password_file"));
}

TEST(PostgresCollector, ReadsEachDimensionOnce) {
  const auto dimensions = collector("{}")->dimensions();
  EXPECT_THAT(dimensions, testing::UnorderedElementsAre("replication_history", "software_version",
                                                        "schema_version", "config", "schema",
                                                        "access_policy", "hba"));
  EXPECT_THAT(collector("{}")->deep_dimensions(),
              testing::UnorderedElementsAre("config", "schema", "access_policy", "hba"));
}

TEST(PostgresCollector, MarksWhatTravelsWithTheData) {
  std::set<std::string> replicated;
  for (const auto& concern : postgres_concerns()) {
    if (concern.replicated) replicated.insert(concern.dimensions.begin(), concern.dimensions.end());
  }
  EXPECT_EQ(replicated, (std::set<std::string>{"access_policy", "schema", "schema_version"}));
}

TEST(PostgresCollector, HasAnotherConnectionKeyForEachSettingThatMatters) {
  setenv("MSE_TEST_PASSWORD", "hush-hush", 1);
  std::set<std::string> keys;
  const char* all[] = {"{}",
                       "{user: a}",
                       "{database: a}",
                       "{port: 1}",
                       "{statement_timeout: 1s}",
                       "{password: '${MSE_TEST_PASSWORD}'}",
                       "{tls: {mode: off}}",
                       "{tls: {ca_file: /a}}",
                       "{tls: {cert_file: /a, key_file: /b}}"};
  for (const char* yaml : all) {
    const auto key = collector(yaml)->connection_key();
    EXPECT_TRUE(keys.insert(key).second) << yaml;
    EXPECT_EQ(key.find("hush"), std::string::npos);
    EXPECT_EQ(collector(yaml)->connection_key(), key);
  }
  unsetenv("MSE_TEST_PASSWORD");
}

TEST(PostgresCollector, PrintsGrantsForItsRoleAndDatabase) {
  const auto grants = collector("{user: watcher, database: orders}")->grants();
  EXPECT_THAT(grants, testing::HasSubstr("\"watcher\""));
  EXPECT_THAT(grants, testing::HasSubstr("\"orders\""));
}

}  // namespace
}  // namespace mse
