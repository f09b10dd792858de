// Finds the history tables of migration tools in a PostgreSQL database and says how to read them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/cells.h"
#include "collectors/migration_tools.h"

namespace mse {

// A table that is named like one of a tool's, in any schema.
struct HistoryTable {
  struct Column {
    std::string name;      // as it is in the database
    std::string category;  // pg_type.typcategory; "?" when its type is not of pg_catalog
    bool readable = false;
  };
  std::string schema, name;
  bool filtered = false;                  // row security would hide rows from us
  std::map<std::string, Column> columns;  // by name in lower case
};

// A history table whose tool is known.
struct FoundHistory {
  const MigrationTool* tool = nullptr;
  HistoryTable table;
  std::optional<HistoryTable> lock;  // when it is there and may be read
};

// The statement that looks for them in the catalogue: ordinary and partitioned tables that neither
// the system nor an extension owns.
std::string find_history_tables_sql();

// The statement that lets `role` (a quoted identifier) read those that exist in the database it is
// run in, and the locks beside them. Its lines are distinct.
std::string grant_history_tables_sql(const std::string& role);

// Failure protocol.
Polled<std::vector<HistoryTable>> parse_history_tables(Rows rows);

// The tables that match a tool's shape. A column whose type is not the system's own matches
// nothing: reading it could run code of whoever made the type, as our role. Failure permission: one
// of them may not be read, or only some of its rows. Failure too_large: over 200 of them.
Polled<std::vector<FoundHistory>> recognised(const std::vector<HistoryTable>& tables);

// The statement that reads the state of `found`, a row (tool, place, version, applied, dirty,
// locked) each; `applied` is the SHA-256 of all applied ids, made by the server so that a long
// history costs nothing. `found` is not empty.
std::string read_history_sql(const std::vector<FoundHistory>& found);

}  // namespace mse
