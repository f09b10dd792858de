// Rows of a user's query, column by column.
#include <algorithm>
#include <cmath>
#include <functional>

#include "collectors/cells.h"
#include "collectors/query.h"
#include "collectors/secrets.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Row = std::vector<Cell>;
using Count = std::optional<std::uint64_t>;
using Job = Measures::Reconciliation;
constexpr std::size_t kNames = 64;  // kinds, streams

std::string quoted(std::string_view name) {
  return "`" + repaired(name, 64) + "`";
}

Polled<void> check_size(const Rows& rows) {
  if (rows.rows.size() > kQueryRows)
    return tl::unexpected(Failure{Reason::too_large, "the query gave more than 10000 rows"});
  const auto fits = [&](const Row& row) { return row.size() == rows.columns.size(); };
  if (!std::all_of(rows.rows.begin(), rows.rows.end(), fits))
    return protocol("a row has not as many cells as there are columns");
  return {};
}

bool has(const Rows& rows, std::string_view column) {
  return std::find(rows.columns.begin(), rows.columns.end(), column) != rows.columns.end();
}

Reading absent() {
  Reading reading;
  reading.outcome = Absent{};
  return reading;
}

Polled<Reading> state_of_pairs(Rows rows, const std::string& hmac_key) {
  for (const auto& column : rows.columns)
    if (column != "key" && column != "value")
      return protocol("the query gave column " + quoted(column) + " beside key and value");
  auto cells = cells_of(std::move(rows), {"key", "value"}, 1);
  if (!cells) return tl::unexpected(std::move(cells.error()));
  if (cells->empty()) return absent();
  GuardedParts parts(hmac_key);
  for (const auto& row : *cells) {
    const bool secret = is_secret(*row[0], row[1].value_or(""));
    secret ? parts.add_secret(*row[0], {row[1]}) : parts.add(*row[0], {row[1]});
  }
  Reading reading;
  reading.outcome = parts.state("query/1");
  return reading;
}

Polled<Reading> state_of_value(const Rows& rows, const std::string& hmac_key) {
  if (rows.columns.size() != 1)
    return protocol("expected columns `key` and `value`, or one column alone");
  if (rows.rows.size() > 1)
    return protocol("column " + quoted(rows.columns[0]) + " alone has more than one row");
  if (rows.rows.empty() || !rows.rows[0][0]) return absent();
  const std::string& value = *rows.rows[0][0];
  const bool secret = is_secret("", value);
  GuardedParts parts(hmac_key);
  secret ? parts.add_secret("value", {value}) : parts.add("value", {value});
  auto state = parts.state("query/1");
  if (!secret) state.text = repaired(value);
  Reading reading;
  reading.outcome = std::move(state);
  return reading;
}

// What a column's cell is put into. False: it is not what the column should hold.
template <typename Target>
struct Column {
  std::string_view name;
  std::function<bool(Target&, const std::string&)> take;
};

template <typename Target>
Column<Target> count(std::string_view name, Count Target::* place) {
  return {name, [place](Target& target, const std::string& cell) {
            target.*place = whole_number(cell);
            return (target.*place).has_value();
          }};
}

Column<Job> length(std::string_view name, std::optional<Duration> Job::* place) {
  return {name, [place](Job& job, const std::string& cell) {
            const auto seconds = real_number(cell);
            if (!seconds || *seconds < 0 || *seconds > 1e9) return false;
            job.*place =
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds));
            return true;
          }};
}

// "2026-11-24 19:00:00.5+00" as RFC 3339 has it.
std::string as_rfc3339(std::string text) {
  if (const auto blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
  const auto sign = text.find_first_of("+-", text.find('T'));
  if (sign != std::string::npos && text.size() - sign == 3) text += ":00";
  return text;
}

bool take_last_success(Job& job, const std::string& cell) {
  job.last_success = parse_timestamp(as_rfc3339(cell));
  return cell.find(':') != std::string::npos && job.last_success.has_value();
}

const std::vector<Column<Job>>& job_columns() {
  static const std::vector<Column<Job>> columns{
      count("succeeded", &Job::succeeded),
      count("failed", &Job::failed),
      count("processed_items", &Job::processed_items),
      count("pending_items", &Job::pending_items),
      count("mismatched_items", &Job::mismatched_items),
      length("oldest_pending_seconds", &Job::oldest_pending),
      length("last_duration_seconds", &Job::last_duration),
      {"last_success", take_last_success},
  };
  return columns;
}

const std::vector<Column<Measures::Stream>>& stream_columns() {
  static const std::vector<Column<Measures::Stream>> columns{
      count("events", &Measures::Stream::events),
      count("duplicates", &Measures::Stream::duplicates),
  };
  return columns;
}

const std::vector<Column<Measures>>& total_columns() {
  static const std::vector<Column<Measures>> columns{
      count("valid_schemas", &Measures::valid_schemas),
      count("schema_errors", &Measures::schema_errors),
      count("allowed", &Measures::allowed),
      count("denied", &Measures::denied),
  };
  return columns;
}

template <typename Target>
const Column<Target>* find(const std::vector<Column<Target>>& columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const auto& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// What of `names` and `row` belongs to one target.
template <typename Target>
Polled<bool> fill(Target& target, const std::vector<Column<Target>>& columns,
                  const std::vector<std::string>& names, const Row& row) {
  bool any = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto* column = find(columns, names[i]);
    if (column == nullptr) continue;
    any = true;
    if (row[i] && !column->take(target, *row[i]))
      return protocol("column " + quoted(names[i]) + " holds something else than it should");
  }
  return any;
}

// Fills the entry of `all` that the column `by` names.
template <typename Target>
Polled<void> fill_named(std::map<std::string, Target>& all, std::string_view by,
                        const std::vector<Column<Target>>& columns, const Rows& rows,
                        const Row& row) {
  Target target;
  auto filled = fill(target, columns, rows.columns, row);
  if (!filled) return tl::unexpected(std::move(filled.error()));
  if (!*filled) return {};
  const auto at = std::find(rows.columns.begin(), rows.columns.end(), by) - rows.columns.begin();
  if (!has(rows, by) || !row[static_cast<std::size_t>(at)])
    return protocol("column " + quoted(by) + " is missing or NULL");
  const auto name = repaired(*row[static_cast<std::size_t>(at)], 64);
  if (!all.emplace(name, target).second)
    return protocol("two rows have the same " + quoted(by) + ", " + quoted(name));
  if (all.size() > kNames) return protocol("column " + quoted(by) + " has more than 64 values");
  return {};
}

Polled<void> check_columns(const Rows& rows) {
  bool totals = false;
  for (const auto& name : rows.columns) {
    const bool total = find(total_columns(), name) != nullptr;
    totals = totals || total;
    const bool known = total || name == "kind" || name == "stream" ||
                       find(job_columns(), name) != nullptr ||
                       find(stream_columns(), name) != nullptr;
    if (!known) return protocol("column " + quoted(name) + " is no measure");
  }
  if (totals && rows.rows.size() > 1) return protocol("schema and access counts need one row");
  return {};
}

Polled<void> add_row(Measures& measures, const Rows& rows, const Row& row) {
  auto added = fill_named(measures.reconciliations, "kind", job_columns(), rows, row);
  if (added) added = fill_named(measures.streams, "stream", stream_columns(), rows, row);
  if (!added) return added;
  auto filled = fill(measures, total_columns(), rows.columns, row);
  if (!filled) return tl::unexpected(std::move(filled.error()));
  return {};
}

}  // namespace

Polled<Reading> query_state(Rows rows, const std::string& hmac_key) {
  if (auto fits = check_size(rows); !fits) return tl::unexpected(std::move(fits.error()));
  const bool pairs = has(rows, "key") && has(rows, "value");
  return pairs ? state_of_pairs(std::move(rows), hmac_key) : state_of_value(rows, hmac_key);
}

Polled<Measures> query_measures(const Rows& rows) {
  if (auto fits = check_size(rows); !fits) return tl::unexpected(std::move(fits.error()));
  if (auto known = check_columns(rows); !known) return tl::unexpected(std::move(known.error()));
  Measures measures;
  measures.of_rows = true;
  for (const auto& row : rows.rows)
    if (auto added = add_row(measures, rows, row); !added)
      return tl::unexpected(std::move(added.error()));
  return measures;
}

}  // namespace mse
