// The migration tools we know by the tables they leave in a PostgreSQL database, as data.
#pragma once

#include <span>
#include <string_view>

namespace mse {

// One shape of a history table. A tool is recognised by its table's name and its set of columns,
// never by the name alone; what nothing here matches is an application's table.
struct MigrationTool {
  std::string_view tool;
  std::string_view tables;  // its names, lower case, between spaces: " a b "
  // Columns it must have, "name:category" between spaces, with pg_type.typcategory: B boolean,
  // N number, S text, D date or time. Types not of pg_catalog never match.
  std::string_view columns;
  bool exact;  // it has no other column
  // Another table of the same schema (lower case) that must, or must not be there. Empty: neither.
  std::string_view with, without;
  // One row (version, applied, dirty): the newest version applied, every applied id (and checksum)
  // in a fixed order, whether a migration failed or is half applied. {table} and {column} stand for
  // quoted names as they are in the database.
  std::string_view state;
  // The table that holds the tool's lock, and an expression for how many seconds it has been held,
  // NULL when it is not: {lock} and {lock:column} as above. Empty: the tool locks elsewhere.
  std::string_view lock_table, locked;
};

// Sources: each tool's own, and trials of ten of them.
std::span<const MigrationTool> migration_tools();

}  // namespace mse
