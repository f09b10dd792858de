// Reads WAL positions and the state of a replica's link.
#include "collectors/postgres_positions.h"

#include "collectors/cells.h"

namespace mse {

const std::string_view kPostgresPosition = R"sql(
SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') END
         AS written,
       receiver.pid IS NOT NULL AS receives,
       receiver.status,
       extract(epoch FROM clock_timestamp() - receiver.last_msg_receipt_time) AS silent,
       extract(epoch FROM current_setting('wal_receiver_timeout')::interval) AS timeout
FROM (SELECT) AS always LEFT JOIN pg_stat_wal_receiver AS receiver ON true)sql";

namespace {

std::optional<bool> link_of(const std::vector<Cell>& row) {
  const auto& receives = row[0];
  const auto& status = row[1];
  if (!is_true(receives)) return false;
  if (!status) return std::nullopt;
  if (*status != "streaming") return false;
  const auto silent = real_number(row[2].value_or(""));
  const auto timeout = real_number(row[3].value_or(""));
  if (!silent || !timeout) return std::nullopt;
  return *timeout <= 0 || *silent < *timeout;
}

}  // namespace

Polled<PositionReading> parse_position(PostgresSelf self, Rows rows) {
  const auto cells =
      cells_of(std::move(rows), {"receives", "status", "silent", "timeout", "written"}, 1);
  if (!cells) return tl::unexpected(cells.error());
  if (cells->size() != 1) return protocol("the position is not one row");
  PositionReading reading;
  if (self.identity.role == Role::replica) {
    reading.link_up = link_of(cells->front());
  } else {
    const auto written = whole_number(cells->front()[4].value_or(""));
    if (!written) return protocol("the position is no number");
    self.position.bytes = *written;
  }
  reading.identity = std::move(self.identity);
  reading.position = std::move(self.position);
  return reading;
}

std::string grants_of_positions(const std::string& role) {
  return "GRANT pg_read_all_stats TO " + role + ";\n";
}

}  // namespace mse
