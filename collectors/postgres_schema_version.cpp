// Reads the history tables of migration tools.
#include "collectors/postgres_schema_version.h"

#include <algorithm>

#include "collectors/parts.h"
#include "collectors/postgres_online_changes.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kVersionText = 64;

std::optional<Duration> seconds_of(const Cell& seconds) {
  if (!seconds) return std::nullopt;
  const auto number = real_number(*seconds).value_or(0);
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::clamp(number, 0.0, 1e9)));
}

void add_lock(Migrations& to, const Cell& seconds) {
  const auto locked = seconds_of(seconds);
  if (locked) to.locked = std::max(to.locked.value_or(Duration::zero()), *locked);
}

// Rows (tool, place, version, applied, dirty, locked), in any order.
std::string text_of(std::vector<std::vector<Cell>> rows) {
  if (rows.size() == 1) return repaired(rows[0][3].value_or("none"), kVersionText);
  std::sort(rows.begin(), rows.end());
  std::string out;
  for (const auto& row : rows) {
    out += (out.empty() ? "" : ", ") + *row[0] + " " + row[3].value_or("none");
  }
  return repaired(out, kVersionText);
}

asio::awaitable<Polled<Report>> with_online_changes(PostgresReader* reader, Report report) {
  auto rows = co_await reader->rows(std::string(kPostgresOnlineChanges));
  if (!rows) co_return tl::unexpected(rows.error());
  auto changes = parse_online_changes(std::move(*rows));
  if (!changes) co_return tl::unexpected(changes.error());
  if (!report.migrations) report.migrations.emplace();
  report.migrations->online_changes = std::move(*changes);
  co_return report;
}

asio::awaitable<Polled<std::vector<FoundHistory>>> find(PostgresReader* reader) {
  auto rows = co_await reader->rows(find_history_tables_sql());
  if (!rows) co_return tl::unexpected(rows.error());
  const auto tables = parse_history_tables(std::move(*rows));
  if (!tables) co_return tl::unexpected(tables.error());
  co_return recognised(*tables);
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  const auto found = co_await find(reader);
  if (!found) co_return tl::unexpected(found.error());
  Report report;
  auto& outcome = report.dimensions["schema_version"].outcome;
  outcome = Absent{};
  if (!found->empty()) {
    auto rows = co_await reader->rows(read_history_sql(*found));
    if (!rows) co_return tl::unexpected(rows.error());
    auto versions = parse_declared_versions(std::move(*rows));
    if (!versions) co_return tl::unexpected(versions.error());
    outcome = std::move(versions->state);
    report.migrations = std::move(versions->migrations);
  }
  co_return co_await with_online_changes(reader, std::move(report));
}

std::string grants(const std::string& role, const std::string& /*database*/) {
  return grant_history_tables_sql(role);
}

}  // namespace

Polled<DeclaredVersions> parse_declared_versions(Rows rows) {
  auto cells =
      cells_of(std::move(rows), {"tool", "place", "applied", "version", "dirty", "locked"}, 3);
  if (!cells) return tl::unexpected(cells.error());
  if (cells->empty()) return protocol("the migration tables gave no version");
  Parts parts;
  DeclaredVersions out;
  for (const auto& row : *cells) {
    const auto table = *row[0] + " " + *row[1];
    parts.add(table + " version", {row[3]});
    parts.add(table + " applied", {row[2]});
    out.migrations.dirty = out.migrations.dirty || row[4] != "f";
    add_lock(out.migrations, row[5]);
  }
  out.state = state_of("postgres_schema_version/1", parts.digests());
  out.state.text = text_of(std::move(*cells));
  return out;
}

PostgresConcern postgres_schema_version() {
  return {{"schema_version"}, Depth::narrow, true, read, grants};
}

}  // namespace mse
