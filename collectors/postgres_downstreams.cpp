// Reads replicas and slots.
#include "collectors/postgres_downstreams.h"

#include <algorithm>

#include "collectors/cells.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::string_view kSql = R"sql(
WITH here AS (
  SELECT CASE WHEN standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
  FROM (SELECT pg_is_in_recovery() AS standby OFFSET 0) AS role)
(SELECT 'replica' AS kind, application_name AS name,
        state = 'streaming' AND replay_lsn >= here.lsn AS caught_up,
        extract(epoch FROM write_lag) AS write_lag, extract(epoch FROM flush_lag) AS flush_lag,
        extract(epoch FROM replay_lag) AS replay_lag,
        NULL::boolean AS active, NULL::numeric AS retained,
        CASE WHEN replay_lsn IS NOT NULL AND NOT client_addr <<= inet '127.0.0.0/8'
                  AND client_addr <> inet '::1'
                  AND NOT EXISTS (SELECT FROM pg_replication_slots AS slot
                                  WHERE slot.active_pid = pid AND slot.slot_type = 'logical')
             THEN CASE family(client_addr) WHEN 6 THEN '[' || host(client_addr) || ']'
                  ELSE host(client_addr) END || ':' || current_setting('port') END AS address
 FROM pg_stat_replication, here
 WHERE state <> 'backup' ORDER BY application_name, pid LIMIT 64)
UNION ALL
(SELECT 'slot', slot_name, NULL, NULL, NULL, NULL, active,
        greatest(pg_wal_lsn_diff(here.lsn, restart_lsn), 0), NULL
 FROM pg_replication_slots, here ORDER BY slot_name LIMIT 64))sql";

constexpr std::size_t kMost = 64;

std::optional<Duration> lag_of(const Cell& seconds, const Cell& caught_up) {
  if (!seconds) return is_true(caught_up) ? std::optional(Duration::zero()) : std::nullopt;
  const auto number = real_number(*seconds);
  if (!number || *number < 0 || *number > 1e9) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*number));
}

// `name`, or with a number when one of `taken` has it.
template <typename Named>
std::string unique_name(const std::string& name, const std::vector<Named>& taken) {
  const auto clean = repaired(name, 128);
  const auto is_taken = [&](const std::string& candidate) {
    return std::any_of(taken.begin(), taken.end(),
                       [&](const Named& other) { return other.name == candidate; });
  };
  auto out = clean;
  for (int n = 2; is_taken(out); ++n) out = clean + "#" + std::to_string(n);
  return out;
}

void add_replica(Downstreams& out, const std::vector<Cell>& row) {
  if (out.replicas.size() >= kMost) return;
  out.replicas.push_back({unique_name(*row[1], out.replicas), lag_of(row[3], row[2]),
                          lag_of(row[4], row[2]), lag_of(row[5], row[2])});
}

void add_slot(Downstreams& out, const std::vector<Cell>& row) {
  if (out.slots.size() >= kMost) return;
  out.slots.push_back(
      {unique_name(*row[1], out.slots), is_true(row[6]), whole_number(row[7].value_or(""))});
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(std::string(kSql));
  if (!rows) co_return tl::unexpected(rows.error());
  Report report;
  if (reader->role == Role::primary) {
    auto peers = parse_peers(*rows);
    if (!peers) co_return tl::unexpected(peers.error());
    report.peers = std::move(*peers);
  }
  auto downstreams = parse_downstreams(std::move(*rows));
  if (!downstreams) co_return tl::unexpected(downstreams.error());
  report.downstreams = std::move(*downstreams);
  co_return report;
}

std::string grants(const std::string& role, const std::string& /*database*/) {
  return "GRANT pg_read_all_stats TO " + role + ";\n";
}

}  // namespace

Polled<Downstreams> parse_downstreams(Rows rows) {
  const auto cells = cells_of(
      std::move(rows),
      {"kind", "name", "caught_up", "write_lag", "flush_lag", "replay_lag", "active", "retained"},
      2);
  if (!cells) return tl::unexpected(cells.error());
  Downstreams out;
  for (const auto& row : *cells) {
    if (row[0] != "replica" && row[0] != "slot") return protocol("neither a replica nor a slot");
    row[0] == "replica" ? add_replica(out, row) : add_slot(out, row);
  }
  return out;
}

Polled<std::vector<Peer>> parse_peers(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"kind", "name", "address"}, 2);
  if (!cells) return tl::unexpected(cells.error());
  std::vector<Peer> peers;
  for (const auto& row : *cells)
    if (row[0] == "replica" && row[2] && peers.size() < kMost)
      peers.push_back({repaired(*row[1], 128), repaired(*row[2], 128)});
  std::sort(peers.begin(), peers.end(),
            [](const Peer& a, const Peer& b) { return a.address < b.address; });
  return peers;
}

PostgresConcern postgres_downstreams() {
  return {{}, Depth::narrow, false, read, grants};
}

}  // namespace mse
