// The query collector: a SELECT of the user's as a node's state, or as the numbers of a job table.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "collectors/client/postgres.h"
#include "exporter/collector.h"

namespace mse {

constexpr std::size_t kQueryRows = 10'000;

struct QuerySettings {
  PostgresSettings postgres;  // its reply_budget is 8 MiB
  std::string sql;
  std::string dimension;  // empty: the rows are measures
};

// What is wrong with `sql` as one SELECT, WITH, VALUES or TABLE; empty when nothing. A help to who
// writes it, no protection: that is the session's being read-only, and the role's privileges.
std::string wrong_statement(std::string_view sql);

// Rows as a state. Columns `key` and `value`: a part a row, in any order; what looks like a secret
// (is_secret) only in the secret digest. Else one column of at most one row: its text, unless it
// looks like a secret. Absent without rows, or for NULL alone. Failures: protocol, which names the
// column, too_large.
Polled<Reading> query_state(Rows rows, const std::string& hmac_key);

// Rows as measures, each column by its name, NULL where not known. A count that falls was not
// reset: rows were changed or deleted, and it goes on from there.
//   kind (of job) with succeeded, failed, processed_items, pending_items, mismatched_items,
//     oldest_pending_seconds, last_duration_seconds, last_success (timestamptz)
//   stream with events, duplicates
//   valid_schemas, schema_errors, allowed, denied; of one row only
// Failure protocol names the column: one of no such name, a value that is no such number, no or
// two equal kinds.
Polled<Measures> query_measures(const Rows& rows);

// The settings of one `collect: - query:` entry: those of postgres_settings, sql or sql_file (at
// most 64 KiB; names with their schema, for search_path is empty), dimension. Without a dimension
// measures, of the primary alone: what a replica holds is the primary's. The statement is part of
// one that also takes the server's identity, so that a state carries the position it was read at.
// The texts of failures quote no data. Its errors are those of options.finish().
Result<std::unique_ptr<Collector>> make_query(Options options);

}  // namespace mse
