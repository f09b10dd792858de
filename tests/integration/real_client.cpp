// Runs the product's client to the end of each query.
#include "tests/integration/real_client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace mse::testing_support {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string primary_address(const std::string& host) {
  return host + ":" + variable("PGTEST_PRIMARY_PORT");
}

PostgresSettings plain_settings() {
  PostgresSettings settings;
  settings.user = "mixed_state";
  settings.password = Secret(variable("PGTEST_PASSWORD"));
  settings.database = "app";
  return settings;
}

RealClient::RealClient(PostgresSettings settings, const std::string& address)
    : client(std::move(settings), address, process.environment) {}

Polled<Rows> RealClient::query(const std::string& sql, Duration limit) {
  return process.run(client.query(sql, in(limit)));
}

std::string RealClient::value(const std::string& sql) {
  const auto rows = query(sql);
  EXPECT_TRUE(rows) << sql << ": " << rows.error().text;
  if (!rows || rows->rows.empty()) return "";
  return rows->rows[0].at(0).value_or("");
}

Failure RealClient::failure(const std::string& sql, Duration limit) {
  auto rows = query(sql, limit);
  EXPECT_FALSE(rows) << sql << " was answered";
  return rows ? Failure{} : rows.error();
}

void wait_until(const std::string& what, const std::function<bool()>& condition) {
  const auto deadline = in(std::chrono::seconds(10));
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
    std::this_thread::yield();
  }
}

}  // namespace mse::testing_support
