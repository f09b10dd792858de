// A PostgreSQL connection for tests that blocks, and runs one concern on it, without the product's
// client.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <set>
#include <string>

#include "collectors/postgres_identity.h"
#include "collectors/postgres_readings.h"
#include "collectors/postgres_traffic.h"

namespace mse::testing_support {

enum class Where { primary, standby };

// As the superuser (`user` empty) or as `user`, which then has the superuser's password. Fails the
// test when the server cannot be reached.
class Direct {
 public:
  Direct(Where where, const std::string& database, const std::string& user = "");

  // Any number of statements. Failures map SQLSTATE to a reason as the product's client does.
  Polled<Rows> query(const std::string& sql);
  // Fails the test with the server's message when the statements fail.
  void must(const std::string& sql);
  std::string value(const std::string& sql);  // the first cell

  Polled<Report> read(const PostgresConcern& concern);
  // The state of the concern's only dimension; fails the test when it has none.
  State state(const PostgresConcern& concern);
  // Why the concern could not be read; internal, and a failed test, when it could.
  Reason reason(const PostgresConcern& concern);
  Polled<PostgresSelf> self();
  // How many locks the concern held at most at the end of one of its statements.
  int most_locks(const PostgresConcern& concern);

 private:
  Polled<Rows> ask(const std::string& select);

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
  PostgresTraffic traffic_;
  std::uint64_t statements_ = 0;
  std::optional<int> locks_;  // counted while there is a number
};

// Waits until the standby has replayed all that the primary has written.
void wait_for_standby();

// Names of the parts that differ, also those only one side has.
std::set<std::string> differing(const State& one, const State& other);

}  // namespace mse::testing_support
