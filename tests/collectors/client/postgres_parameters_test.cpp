// What libpq is told, whatever the environment says.
#include "collectors/client/postgres_parameters.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdlib>
#include <map>
#include <memory>

namespace mse {
namespace {

using Parameters = std::map<std::string, std::string>;

// What libpq understands of a connection string.
Parameters parsed(const std::string& text) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(text.c_str(), nullptr), PQconninfoFree);
  Parameters all;
  for (const auto* option = options.get(); option && option->keyword; ++option) {
    if (option->val) all[option->keyword] = option->val;
  }
  return all;
}

PostgresSettings settings() {
  PostgresSettings settings;
  settings.user = "someone";
  settings.password = Secret("it's a \\ secret");
  return settings;
}

const Address kRemote{"pg.internal", 5433, false};

Parameters remote() {
  return parsed(connection_string(postgres_parameters(settings(), kRemote, "192.0.2.1", false)));
}

TEST(PostgresParameters, AreTheOnesOfTheConfiguration) {
  auto said = remote();
  EXPECT_EQ(said["host"], "pg.internal");
  EXPECT_EQ(said["hostaddr"], "192.0.2.1");
  EXPECT_EQ(said["port"], "5433");
  EXPECT_EQ(said["dbname"], "postgres");
  EXPECT_EQ(said["password"], "it's a \\ secret");
  EXPECT_EQ(said["application_name"], "mixed_state_exporter");
}

TEST(PostgresParameters, TlsIsVerifiedInFullExceptOnLoopbackUnlessSaid) {
  EXPECT_EQ(remote()["sslmode"], "verify-full");
  EXPECT_EQ(postgres_parameters(settings(), kRemote, "127.0.0.1", true)["sslmode"], "disable");
  auto with = settings();
  with.tls = PostgresTls::verify_ca;
  EXPECT_EQ(postgres_parameters(with, kRemote, "127.0.0.1", true)["sslmode"], "verify-ca");
  with.tls = PostgresTls::off;
  EXPECT_EQ(postgres_parameters(with, kRemote, "192.0.2.1", false)["sslmode"], "disable");
}

// Every variable that this libpq reads, each set to something that would show.
TEST(PostgresParameters, NoVariableOfTheEnvironmentLeaksIn) {
  const auto before = remote();
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconndefaults(),
                                                                             PQconninfoFree);
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (option->envvar) setenv(option->envvar, "7", 1);
  }
  forget_postgres_environment();
  const auto text = connection_string(postgres_parameters(settings(), kRemote, "192.0.2.1", false));
  const auto during = parsed(text);
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->envvar || !std::getenv(option->envvar)) continue;
    EXPECT_TRUE(during.contains(option->keyword)) << option->envvar << " would decide";
    unsetenv(option->envvar);
  }
  for (const auto& [name, value] : before) EXPECT_EQ(during.at(name), value) << name;
  for (const auto& [name, value] : during) EXPECT_NE(value, "7") << name;
}

TEST(PostgresParameters, VariablesThatNoParameterOverrulesAreTakenOut) {
  ASSERT_EXIT(
      {
        for (const char* name : {"PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO"})
          setenv(name, "x", 1);
        forget_postgres_environment();
        bool left = false;
        for (const char* name : {"PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO"}) {
          left = left || std::getenv(name);
        }
        std::exit(left ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(PostgresParameters, TheSessionIsReadOnlyAndImpatient) {
  const auto setup = session_setup(std::chrono::milliseconds(1500));
  for (const char* setting :
       {"statement_timeout = 1500", "lock_timeout = 200", "default_transaction_read_only = on",
        "search_path = ''", "idle_in_transaction_session_timeout"}) {
    EXPECT_NE(setup.find(setting), std::string::npos) << setting;
  }
}

}  // namespace
}  // namespace mse
