// Reads the transactions of pg_stat_database.
#include "collectors/postgres_traffic.h"

#include <algorithm>

#include "collectors/cells.h"

namespace mse {
namespace {

constexpr std::string_view kSql =
    "SELECT xact_commit + xact_rollback AS transactions FROM pg_stat_database "
    "WHERE datname = current_database()";

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(std::string(kSql));
  if (!rows) co_return tl::unexpected(rows.error());
  const auto total = parse_transactions(std::move(*rows));
  if (!total) co_return tl::unexpected(total.error());
  Report report;
  report.requests = reader->traffic->requests(*total, reader->own_statements);
  co_return report;
}

}  // namespace

std::uint64_t PostgresTraffic::requests(std::uint64_t total, std::uint64_t own) {
  if (total < total_) {
    own_before_ = own;
    last_ = 0;
  }
  total_ = total;
  const auto ours = own - std::min(own, own_before_);
  last_ = std::max(last_, total - std::min(total, ours));
  return last_;
}

Polled<std::uint64_t> parse_transactions(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"transactions"}, 1);
  if (!cells) return tl::unexpected(cells.error());
  if (cells->size() != 1) return protocol("the transaction counter is not one row");
  const auto total = whole_number(*cells->front()[0]);
  if (!total) return protocol("the transaction counter is no number");
  return *total;
}

PostgresConcern postgres_traffic() {
  return {{}, Depth::narrow, false, read, nullptr};
}

}  // namespace mse
