// One reply of a PostgreSQL server, gathered piece by piece within a byte budget.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <optional>

#include "collectors/client/postgres.h"

namespace mse {

// A reply may hold several results (of "SET …; SELECT …"): the rows are those of the results that
// have any, the failure is the first.
class PostgresReply {
 public:
  explicit PostgresReply(std::uint64_t budget) : budget_(budget) {}

  // One result of the reply. False: no more can be taken, the connection has to be closed (the
  // budget is spent, or the server started a COPY).
  bool take(const PGresult* result);

  // `bytes` came in that libpq is about to buffer. False: the budget is spent.
  bool receive(std::uint64_t bytes);
  // libpq took from the system what the address space grew by. False: more than any reply within
  // the budget needs (twice, for libpq doubles its buffer).
  bool reserve(std::uint64_t before, std::uint64_t after);

  Polled<Rows> finish();

 private:
  bool take_rows(const PGresult* result);
  bool fail_with(Failure failure);

  std::uint64_t budget_, received_ = 0, kept_ = 0;  // bytes
  Rows rows_;
  std::optional<Failure> failure_;
};

}  // namespace mse
