// Replies of PostgreSQL with arbitrary cells, each row brought to its query's width: the first byte
// chooses the query.
#include <array>

#include "collectors/postgres_access_policy.h"
#include "collectors/postgres_config.h"
#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_hba.h"
#include "collectors/postgres_history_tables.h"
#include "collectors/postgres_identity.h"
#include "collectors/postgres_online_changes.h"
#include "collectors/postgres_positions.h"
#include "collectors/postgres_schema.h"
#include "collectors/postgres_schema_version.h"
#include "collectors/postgres_software_version.h"
#include "tests/fuzz/support/rows.h"
#include "tests/fuzz/support/target.h"

namespace mse {
namespace {

Rows with_columns(const std::string& columns, std::string_view text) {
  Rows rows{split(columns, ' '), cells_in(text)};
  for (auto& row : rows.rows) row.resize(rows.columns.size());
  return rows;
}

void parse_identity(std::string_view text) {
  auto rows = with_columns("mse_self mse_row part", text);
  const auto self = take_identity(rows);
  if (self) parse_position(*self, with_columns("receives status silent timeout written", text));
}

void parse(int query, std::string_view text) {
  switch (query) {
    case 0:
      parse_config(with_columns("kind name unit value", text), with_columns("name error", text),
                   "key");
      return;
    case 1:
      parse_hba(
          with_columns("broken place type database users address netmask auth_method option", text),
          "key");
      return;
    case 2:
      parse_access_policy(with_columns("part kind name body", text));
      return;
    case 3:
      parse_schema(with_columns("part kind name body", text));
      return;
    case 4:
      parse_downstreams(
          with_columns("kind name caught_up write_lag flush_lag replay_lag active retained", text));
      return;
    case 5:
      parse_declared_versions(with_columns("tool place applied version dirty locked", text));
      return;
    case 6:
      if (const auto tables = parse_history_tables(
              with_columns("schema name column category filtered readable", text)))
        recognised(*tables);
      return;
    case 7:
      parse_online_changes(with_columns("change count", text));
      return;
    case 8:
      parse_software_version(with_columns("version", text));
      return;
    default:
      parse_identity(text);
  }
}

}  // namespace
}  // namespace mse

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) mse::parse(data[0] % 10, mse::bytes_of(data + 1, size - 1));
  return 0;
}
