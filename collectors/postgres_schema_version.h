// The schema version that migration tools declare in a PostgreSQL database.
#pragma once

#include "collectors/postgres_history_tables.h"
#include "collectors/postgres_readings.h"

namespace mse {

// What the history tables say together: the version (or the head, or the last change set) of each,
// and a digest of all it has applied, because nodes may share the newest version and yet not have
// the same set. Parts: "flyway public.flyway_schema_history version" and "… applied". Text: the
// version alone when there is one tool ("42", "none" when nothing is applied), else "flyway 3, knex
// 4". A version half applied counts as a version of its own ("43 dirty").
struct DeclaredVersions {
  State state;
  Migrations migrations;  // dirty, locked
};

// Of the rows of read_history_sql(). Failure protocol.
Polled<DeclaredVersions> parse_declared_versions(Rows rows);

// Dimension schema_version: absent when no known tool has left a table; unknown{permission} when
// one may not be read, unknown{lock} while one is locked. Also reports online changes.
PostgresConcern postgres_schema_version();

}  // namespace mse
