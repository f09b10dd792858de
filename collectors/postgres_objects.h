// Which objects of a PostgreSQL database are the service's own, as a fragment of SQL.
#pragma once

#include <string_view>

namespace mse {

// What follows WITH: the CTEs
//   spaces(oid, nspname)        schemas
//   owned(classid, objid)       objects that belong to an extension
//   relations(oid, part, …)     tables, views, sequences and foreign tables; all of pg_class
//   functions(oid, part, …)     functions, procedures, aggregates; all of pg_proc
// `part` names the object the same on every node: "table public.orders", "function
// public.total(integer)". Left out are what every server has (pg_*, information_schema), what is
// temporary, what an extension owns, and what online schema changes leave while they run and
// sometimes after: pg-osc (shadow, audit and old tables and its trigger), pgroll (its schema, the
// schemas of views that hold one version each, what is called _pgroll_…) and pg_repack (its
// schema). Names of these three tools: reference of migration tools, from their sources, pg_repack
// recalled. Readable by every role: pg_catalog hides nothing of this. Needs an empty search_path,
// else names are not qualified.
extern const std::string_view kPostgresObjects;

// A POSIX expression that matches triggers, functions, columns and constraints that such changes
// put on the service's own tables; in kPostgresObjects it is applied to functions.
#define MSE_POSTGRES_GHOSTS "'^(_pgroll_|primary_to_audit_table_trigger$|repack_trigger$)'"

}  // namespace mse
