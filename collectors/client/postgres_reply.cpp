// Copies libpq's results, charging for every byte.
#include "collectors/client/postgres_reply.h"

#include <algorithm>
#include <string>
#include <utility>

#include "collectors/client/postgres_errors.h"

namespace mse {

namespace {

// What a row and a cell cost beside their bytes, so that a stream of empty ones spends the budget
// too.
constexpr std::uint64_t kRowCost = 64, kCellCost = sizeof(std::optional<std::string>);

Failure too_large() {
  return {Reason::too_large, "the reply is larger than its budget"};
}

Failure statement_failure(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorMessage(result);
  if (!state) return connection_failure(message);
  return {reason_of_sqlstate(state), connection_failure(message).text};
}

std::optional<std::string> cell(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::nullopt;
  return std::string(PQgetvalue(result, row, column),
                     static_cast<std::size_t>(PQgetlength(result, row, column)));
}

std::uint64_t cost(const PGresult* result, int row) {
  std::uint64_t bytes = kRowCost;
  for (int column = 0; column < PQnfields(result); ++column) {
    bytes += kCellCost + static_cast<std::uint64_t>(PQgetlength(result, row, column));
  }
  return bytes;
}

std::vector<std::string> columns_of(const PGresult* result) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(PQnfields(result)));
  for (int column = 0; column < PQnfields(result); ++column) {
    names.emplace_back(PQfname(result, column));
  }
  return names;
}

}  // namespace

bool PostgresReply::take(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
      return take_rows(result);
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      return true;
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
      if (!failure_) failure_ = statement_failure(result);
      return true;
    default:
      return fail_with({Reason::protocol, "the server answered with something that is no rows"});
  }
}

bool PostgresReply::take_rows(const PGresult* result) {
  if (rows_.columns.empty()) rows_.columns = columns_of(result);
  if (PQnfields(result) != static_cast<int>(rows_.columns.size())) {
    return fail_with({Reason::protocol, "rows of different widths in one reply"});
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    kept_ += cost(result, row);
    if (kept_ > budget_) return fail_with(too_large());
    auto& cells = rows_.rows.emplace_back();
    cells.reserve(rows_.columns.size());
    for (int column = 0; column < PQnfields(result); ++column) {
      cells.push_back(cell(result, row, column));
    }
  }
  return true;
}

bool PostgresReply::receive(std::uint64_t bytes) {
  received_ += bytes;
  return received_ <= budget_ || fail_with(too_large());
}

bool PostgresReply::reserve(std::uint64_t before, std::uint64_t after) {
  constexpr std::uint64_t kLeast = 64U << 20U;  // an allocator's own step is no lie
  const auto most = std::max(2 * budget_, kLeast);
  return after <= before || after - before <= most || fail_with(too_large());
}

bool PostgresReply::fail_with(Failure failure) {
  failure_ = std::move(failure);
  return false;
}

Polled<Rows> PostgresReply::finish() {
  if (failure_) return tl::unexpected(*std::move(failure_));
  return std::move(rows_);
}

}  // namespace mse
