// Reads role, system identifier, timeline, position and postmaster start in the statement of the
// data.
#include "collectors/postgres_identity.h"

#include <array>

#include "collectors/cells.h"

namespace mse {
namespace {

// In one row, so that it costs a reply of many rows few bytes. The role is asked once: a promotion
// in the middle must not mix two answers. pg_control_checkpoint() alone lags a checkpoint behind.
constexpr std::string_view kSelf = R"sql(
WITH mse_self AS MATERIALIZED (
  SELECT concat_ws(' ',
      CASE WHEN standby THEN 'replica' ELSE 'primary' END,
      (SELECT system_identifier FROM pg_control_system()),
      CASE WHEN standby THEN greatest(
          (SELECT received_tli FROM pg_stat_wal_receiver),
          (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
          (SELECT timeline_id FROM pg_control_checkpoint()))
        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END,
      coalesce(pg_wal_lsn_diff(
        CASE WHEN standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END,
        '0/0'), 0),
      (SELECT oid FROM pg_database WHERE datname = current_database()),
      current_setting('port'),
      (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
      cardinality(current_schemas(false))) AS mse_self
  FROM (SELECT pg_is_in_recovery() AS standby OFFSET 0) AS role)
SELECT mse_self.mse_self, data.* FROM mse_self LEFT JOIN (
SELECT true AS mse_row, rows.* FROM ()sql";
constexpr std::string_view kEnd = ") AS rows) AS data ON true";

constexpr std::size_t kFields = 8;
using Fields = std::array<std::string, kFields>;  // in the order of kSelf

bool number(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The fields of the identity's text; nothing when it is not what kSelf gives.
std::optional<Fields> fields_of(std::string_view text) {
  Fields out;
  std::size_t count = 0;
  for (std::size_t from = 0; from <= text.size(); ++count) {
    if (count == kFields) return std::nullopt;
    const auto end = std::min(text.find(' ', from), text.size());
    out.at(count) = text.substr(from, end - from);
    if (count > 0 && !number(out.at(count))) return std::nullopt;
    from = end + 1;
  }
  return count == kFields ? std::optional(out) : std::nullopt;
}

Polled<PostgresSelf> self_of(std::string_view text) {
  const auto fields = fields_of(text);
  if (!fields) return protocol("the server's identity reads '" + std::string(text) + "'");
  const auto& [role, system, timeline, lsn, database, port, started, path] = *fields;
  const auto bytes = whole_number(lsn);
  if ((role != "primary" && role != "replica") || !bytes) {
    return protocol("the server's role or position reads '" + std::string(text) + "'");
  }
  if (path != "0") {
    return tl::unexpected(
        Failure{Reason::partial, "search_path is not empty: a pooler gave us a foreign session"});
  }
  PostgresSelf self;
  self.identity.role = role == "primary" ? Role::primary : Role::replica;
  self.identity.group = system + "/" + database;
  self.identity.server = system + "/" + port + "/" + started;
  self.identity.history = system + "/" + timeline;
  self.position = {self.identity.history, *bytes};
  return self;
}

bool is_identified(const Rows& rows) {
  if (rows.rows.empty() || rows.columns.size() < 2) return false;
  if (rows.columns[0] != "mse_self" || rows.columns[1] != "mse_row") return false;
  for (const auto& row : rows.rows) {
    if (row.size() != rows.columns.size() || !row[0]) return false;
  }
  return true;
}

}  // namespace

std::string with_identity(std::string_view select) {
  return std::string(kSelf) + std::string(select) + "\n" + std::string(kEnd);
}

Polled<PostgresSelf> take_identity(Rows& rows) {
  if (!is_identified(rows)) return protocol("the reply lacks the server's identity");
  auto self = self_of(*rows.rows[0][0]);
  if (!self) return self;
  std::erase_if(rows.rows, [](const auto& row) { return !row[1]; });
  for (auto& row : rows.rows) row.erase(row.begin(), row.begin() + 2);
  rows.columns.erase(rows.columns.begin(), rows.columns.begin() + 2);
  return self;
}

}  // namespace mse
