// Reads server_version.
#include "collectors/postgres_software_version.h"

#include "collectors/parts.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::string_view kSql = "SELECT current_setting('server_version') AS version";

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(std::string(kSql));
  if (!rows) co_return tl::unexpected(rows.error());
  co_return report_of("software_version", parse_software_version(std::move(*rows)));
}

}  // namespace

Polled<State> parse_software_version(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"version"}, 1);
  if (!cells) return tl::unexpected(cells.error());
  if (cells->size() != 1) return protocol("the version is not one row");
  const auto& full = *cells->front()[0];
  const auto version = repaired(full.substr(0, full.find(' ')), 32);
  if (version.empty()) return protocol("the version is empty");
  auto state = state_of("postgres_software_version/1", {{"version", version}});
  state.text = version;
  return state;
}

PostgresConcern postgres_software_version() {
  return {{"software_version"}, Depth::narrow, false, read, nullptr};
}

}  // namespace mse
