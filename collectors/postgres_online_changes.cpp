// Counts objects that online schema changes make.
#include "collectors/postgres_online_changes.h"

#include <algorithm>
#include <array>

#include "collectors/cells.h"

namespace mse {

const std::string_view kPostgresOnlineChanges = R"sql(
SELECT change, count(*) AS count FROM (
  SELECT CASE WHEN relname ~ '^pgosc_st_' THEN 'pg_osc/running' ELSE 'pg_osc/leftover' END AS change
  FROM pg_class WHERE relkind = 'r' AND relname ~ '^pgosc_(st|op_table)_'
  UNION ALL
  SELECT 'pg_repack/running' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'repack' AND c.relkind = 'r' AND c.relname ~ '^table_[0-9]+$'
  UNION ALL
  SELECT DISTINCT ON (attrelid) 'pgroll/running' FROM pg_attribute
  WHERE attname ~ '^_pgroll_' AND NOT attisdropped
  UNION ALL
  SELECT 'concurrent_index/building' FROM pg_stat_progress_create_index
  WHERE datname = current_database()
  UNION ALL
  SELECT 'concurrent_index/invalid' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT i.indisvalid AND c.relkind = 'i') AS changes
WHERE NOT pg_is_in_recovery() GROUP BY change)sql";

namespace {

constexpr std::array<std::string_view, 6> kKnown{
    "pg_osc/running",    "pg_osc/leftover",           "pgroll/running",
    "pg_repack/running", "concurrent_index/building", "concurrent_index/invalid"};

}  // namespace

Polled<std::map<std::string, int>> parse_online_changes(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"change", "count"}, 2);
  if (!cells) return tl::unexpected(cells.error());
  std::map<std::string, int> out;
  for (const auto& row : *cells) {
    const auto count = whole_number(*row[1]);
    if (!count || std::find(kKnown.begin(), kKnown.end(), *row[0]) == kKnown.end()) {
      return protocol("an online change nobody asked about");
    }
    if (*count > 0) out[*row[0]] = static_cast<int>(std::min<std::uint64_t>(*count, 1000000));
  }
  return out;
}

}  // namespace mse
