// Matches tables against the shapes of migration tools and fills in their statements.
#include "collectors/postgres_history_tables.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "collectors/postgres_quoting.h"

namespace mse {
namespace {

constexpr std::size_t kMostTables = 200;

constexpr std::string_view kFind = R"sql(
SELECT n.nspname AS schema, c.relname AS name, row_security_active(c.oid) AS filtered,
  a.attname AS column,
  CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typcategory::text ELSE '?' END
    AS category,
  has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    AS readable
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
  AND lower(c.relname) IN ()sql";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (end > at) out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string place(const HistoryTable& table) {
  return identifier(table.schema) + "." + identifier(table.name);
}

const HistoryTable* sibling(const std::vector<HistoryTable>& tables, const HistoryTable& table,
                            std::string_view name) {
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const HistoryTable& other) {
    return other.schema == table.schema && lower(other.name) == name;
  });
  return found == tables.end() ? nullptr : &*found;
}

bool has_columns(const MigrationTool& tool, const HistoryTable& table) {
  const auto wanted = words(tool.columns);
  if (tool.exact && wanted.size() != table.columns.size()) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& column) {
    const auto colon = column.find(':');
    const auto known = table.columns.find(column.substr(0, colon));
    return known != table.columns.end() && known->second.category == column.substr(colon + 1);
  });
}

bool is_history(const MigrationTool& tool, const HistoryTable& table,
                const std::vector<HistoryTable>& all) {
  if (tool.tables.find(" " + lower(table.name) + " ") == std::string_view::npos) return false;
  if (!tool.with.empty() && sibling(all, table, tool.with) == nullptr) return false;
  if (!tool.without.empty() && sibling(all, table, tool.without) != nullptr) return false;
  return has_columns(tool, table);
}

bool all_readable(const HistoryTable& table) {
  return !table.filtered && std::all_of(table.columns.begin(), table.columns.end(),
                                        [](const auto& entry) { return entry.second.readable; });
}

// Whether the columns of `sql` that are `prefix`ed (of the table itself, or of its lock) may be
// read.
bool may_read(std::string_view sql, std::string_view prefix, const HistoryTable& table) {
  return !table.filtered &&
         std::all_of(table.columns.begin(), table.columns.end(), [&](const auto& entry) {
           const auto used = "{" + std::string(prefix) + entry.first + "}";
           return entry.second.readable || sql.find(used) == std::string_view::npos;
         });
}

std::optional<HistoryTable> lock_of(const MigrationTool& tool, const HistoryTable& table,
                                    const std::vector<HistoryTable>& all) {
  if (tool.lock_table.empty()) return std::nullopt;
  const auto* lock = sibling(all, table, tool.lock_table);
  if (lock == nullptr || !all_readable(*lock)) return std::nullopt;
  return *lock;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

std::string filled(std::string_view sql, std::string_view prefix, const HistoryTable& table) {
  std::string out(sql);
  for (const auto& [name, column] : table.columns) {
    replace_all(out, "{" + std::string(prefix) + name + "}", identifier(column.name));
  }
  return out;
}

std::string state_sql(const FoundHistory& found) {
  auto state = filled(found.tool->state, "", found.table);
  replace_all(state, "{table}", place(found.table));
  std::string locked = "NULL";
  if (found.lock) {
    locked = filled(found.tool->locked, "lock:", *found.lock);
    replace_all(locked, "{lock}", place(*found.lock));
  }
  return "SELECT " + literal(found.tool->tool) + " AS tool, " +
         literal(found.table.schema + "." + found.table.name) +
         " AS place, version,\n"
         "  encode(sha256(convert_to(coalesce(applied, ''), getdatabaseencoding())), 'hex') AS "
         "applied,\n"
         "  dirty, (" +
         locked + ")::numeric AS locked\nFROM (" + state + ") AS state";
}

// {tables, columns} of a tool, and of its lock.
std::string shapes_of(const MigrationTool& tool) {
  std::string tables, columns;
  for (const auto& name : words(tool.tables)) tables += (tables.empty() ? "" : ",") + name;
  for (const auto& column : words(tool.columns)) {
    columns += (columns.empty() ? "" : ",") + column.substr(0, column.find(':'));
  }
  auto out = "(" + literal("{" + tables + "}") + ", " + literal("{" + columns + "}") + ")";
  if (!tool.lock_table.empty()) {
    out += ", (" + literal("{" + std::string(tool.lock_table) + "}") + ", '{}')";
  }
  return out;
}

}  // namespace

std::string grant_history_tables_sql(const std::string& role) {
  std::set<std::string> distinct;
  for (const auto& tool : migration_tools()) distinct.insert(shapes_of(tool));
  std::string shapes;
  for (const auto& shape : distinct) shapes += (shapes.empty() ? "      " : ",\n      ") + shape;
  const auto quote = dollar_quote(role);
  return "DO " + quote +
         " DECLARE history record; BEGIN  -- the history tables of migration tools\n"
         "  FOR history IN SELECT DISTINCT c.relnamespace::regnamespace AS schema, "
         "c.oid::regclass AS name\n"
         "    FROM pg_class c JOIN (VALUES\n" +
         shapes +
         ") AS shape (tables, columns)\n"
         "      ON lower(c.relname) = ANY (shape.tables::text[])\n"
         "    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'\n"
         "      AND shape.columns::text[] <@ ARRAY(SELECT lower(a.attname) FROM pg_attribute a\n"
         "        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)\n"
         "  LOOP\n"
         "    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', history.schema, " +
         literal(role) +
         ");\n"
         "    EXECUTE format('GRANT SELECT ON %s TO %s', history.name, " +
         literal(role) +
         ");\n"
         "  END LOOP;\n"
         "END " +
         quote + ";\n";
}

std::string find_history_tables_sql() {
  std::set<std::string> names;
  for (const auto& tool : migration_tools()) {
    for (const auto& table : words(tool.tables)) names.insert(table);
    for (const auto other : {tool.with, tool.without, tool.lock_table}) {
      if (!other.empty()) names.emplace(other);
    }
  }
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + literal(name);
  return std::string(kFind) + list + ")";
}

Polled<std::vector<HistoryTable>> parse_history_tables(Rows rows) {
  const auto cells = cells_of(std::move(rows),
                              {"schema", "name", "column", "category", "filtered", "readable"}, 4);
  if (!cells) return tl::unexpected(cells.error());
  std::map<std::pair<std::string, std::string>, HistoryTable> tables;
  for (const auto& row : *cells) {
    auto& table = tables[{*row[0], *row[1]}];
    table.schema = *row[0];
    table.name = *row[1];
    table.filtered = table.filtered || row[4] != "f";
    table.columns[lower(*row[2])] = {*row[2], *row[3], is_true(row[5])};
  }
  std::vector<HistoryTable> out;
  out.reserve(tables.size());
  for (auto& [key, table] : tables) out.push_back(std::move(table));
  return out;
}

Polled<std::vector<FoundHistory>> recognised(const std::vector<HistoryTable>& tables) {
  std::vector<FoundHistory> out;
  for (const auto& table : tables) {
    const auto all = migration_tools();
    const auto tool = std::find_if(all.begin(), all.end(), [&](const MigrationTool& candidate) {
      return is_history(candidate, table, tables);
    });
    if (tool == all.end()) continue;
    if (!may_read(tool->state, "", table)) {
      return tl::unexpected(
          Failure{Reason::permission, "not all of " + place(table) + " may be read"});
    }
    if (out.size() == kMostTables) {
      return tl::unexpected(Failure{Reason::too_large, "more than 200 migration tables"});
    }
    out.push_back({&*tool, table, lock_of(*tool, table, tables)});
  }
  return out;
}

std::string read_history_sql(const std::vector<FoundHistory>& found) {
  std::string out;
  for (const auto& history : found) {
    out += (out.empty() ? "" : "\nUNION ALL\n") + state_sql(history);
  }
  return out;
}

}  // namespace mse
