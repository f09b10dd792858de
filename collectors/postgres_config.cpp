// Reads pg_settings, pg_db_role_setting and pg_file_settings.
#include "collectors/postgres_config.h"

#include <algorithm>

#include "collectors/postgres_config_keys.h"
#include "collectors/secrets.h"

namespace mse {
namespace {

constexpr std::string_view kSettings = R"sql(
WITH mine AS MATERIALIZED (
  SELECT split_part(unnest(setconfig), '=', 1) AS name FROM pg_db_role_setting
  WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user)),
settings AS MATERIALIZED (SELECT * FROM pg_settings)
SELECT 'sees all' AS kind, '' AS name, NULL AS unit,
  pg_has_role('pg_read_all_settings', 'USAGE')::text AS value
UNION ALL
SELECT 'sees files', '', NULL,
  (has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
   AND has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE'))::text
UNION ALL
SELECT 'setting', name, unit, reset_val FROM settings
WHERE reset_val IS DISTINCT FROM boot_val
  AND source NOT IN ('client', 'interactive', 'user', 'database user')
  AND (source NOT IN ('default', 'override') OR name IN (
    'data_checksums', 'wal_segment_size', 'server_encoding', 'lc_collate', 'lc_ctype'))
  AND NOT (source = 'environment variable' AND name = 'max_stack_depth')
  AND name NOT IN (SELECT name FROM mine)
UNION ALL
SELECT 'pending', name, NULL, NULL FROM settings WHERE pending_restart
UNION ALL
SELECT 'attached', CASE setrole WHEN 0 THEN 'all roles' ELSE quote_ident(pg_get_userbyid(setrole)) END
    || CASE setdatabase WHEN 0 THEN ': ' ELSE ' in this database: ' END || split_part(item, '=', 1),
  NULL, substr(item, strpos(item, '=') + 1)
FROM pg_db_role_setting, unnest(setconfig) AS item
WHERE setrole IS DISTINCT FROM (SELECT oid FROM pg_roles WHERE rolname = session_user)
  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))sql";

constexpr std::string_view kFileErrors =
    "SELECT coalesce(name, 'a line') AS name, error FROM pg_file_settings WHERE error IS NOT NULL";

constexpr std::string_view kPending = " (pending restart)";

// Rows (kind, name, unit, value).
using Cells = std::vector<std::vector<Cell>>;

bool says(const Cells& cells, std::string_view kind) {
  return std::any_of(cells.begin(), cells.end(),
                     [&](const auto& row) { return row[0] == kind && row[3] == "true"; });
}

void add_value(GuardedParts& parts, const std::string& part, std::string_view value) {
  const std::vector<Cell> fields{std::string(value)};
  is_secret(part, value) ? parts.add_secret(part, fields) : parts.add(part, fields);
}

void add_row(GuardedParts& parts, const std::vector<Cell>& row) {
  const auto& kind = *row[0];
  const auto& name = *row[1];
  const auto value = row[3].value_or("");
  if (kind == "setting" && !is_node_local(name)) {
    add_value(parts, name, canonical_setting(name, value, row[2]));
  }
  if (kind == "pending") parts.add(name + std::string(kPending), {"t"});
  if (kind == "attached") add_value(parts, name, value);
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto settings = co_await reader->rows(std::string(kSettings));
  if (!settings) co_return tl::unexpected(settings.error());
  Rows errors{{"name", "error"}, {}};
  if (may_read_files(*settings)) {
    auto rows = co_await reader->rows(std::string(kFileErrors));
    if (!rows) co_return tl::unexpected(rows.error());
    errors = std::move(*rows);
  }
  co_return config_report(parse_config(std::move(*settings), std::move(errors), reader->hmac_key));
}

std::string grants(const std::string& role, const std::string& /*database*/) {
  return "GRANT pg_read_all_settings TO " + role + ";\n";
}

Polled<Cells> settings_of(Rows rows) {
  return cells_of(std::move(rows), {"kind", "name", "unit", "value"}, 2);
}

}  // namespace

bool may_read_files(const Rows& settings) {
  const auto cells = settings_of(settings);
  return cells && says(*cells, "sees files");
}

Polled<State> parse_config(Rows settings, Rows file_errors, const std::string& hmac_key) {
  const auto cells = settings_of(std::move(settings));
  if (!cells) return tl::unexpected(cells.error());
  const auto errors = cells_of(std::move(file_errors), {"name", "error"}, 2);
  if (!errors) return tl::unexpected(errors.error());
  if (!says(*cells, "sees all")) {
    return tl::unexpected(Failure{Reason::permission,
                                  "settings are hidden from a role without pg_read_all_settings"});
  }
  GuardedParts parts(hmac_key);
  for (const auto& row : *cells) add_row(parts, row);
  for (const auto& row : *errors) parts.add(*row[0] + " (error in file)", {row[1]});
  return parts.state("postgres_config/1");
}

Polled<Report> config_report(Polled<State> state) {
  auto report = report_of("config", std::move(state));
  if (!report) return report;
  const auto& parts = std::get<State>(report->dimensions["config"].outcome).parts;
  report->pending_restart = static_cast<int>(std::count_if(
      parts.begin(), parts.end(), [](const auto& part) { return part.first.ends_with(kPending); }));
  return report;
}

PostgresConcern postgres_config() {
  return {{"config"}, Depth::deep, false, read, grants};
}

}  // namespace mse
