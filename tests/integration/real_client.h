// The product's PostgreSQL client against the private servers.
#pragma once

#include <functional>
#include <string>

#include "collectors/client/postgres.h"
#include "tests/integration/direct.h"
#include "tests/support/client_loop.h"

namespace mse::testing_support {

std::string variable(const char* name);  // of the environment, "" when missing
std::string primary_address(const std::string& host = "127.0.0.1");

// As the role mixed_state, without any grant, in database `app`.
PostgresSettings plain_settings();

// A client and the loop it runs on.
class RealClient {
 public:
  explicit RealClient(PostgresSettings settings = plain_settings(),
                      const std::string& address = primary_address());

  Polled<Rows> query(const std::string& sql, Duration limit = std::chrono::seconds(5));
  // The first cell; fails the test when there is none.
  std::string value(const std::string& sql);
  // Why the query failed; a failed test, when it did not.
  Failure failure(const std::string& sql, Duration limit = std::chrono::seconds(5));

  ClientLoop process;
  PostgresClient client;
};

// Waits until `condition` holds; a failed test when it does not within 10 s.
void wait_until(const std::string& what, const std::function<bool()>& condition);

}  // namespace mse::testing_support
