// The actual structure of a PostgreSQL database, from its catalogue.
#pragma once

#include <string>

#include "collectors/postgres_readings.h"

namespace mse {

// A digest per object ("table public.orders"), over all that the catalogue says of it that is the
// same on every node that ran the same DDL: columns with type, default, nullability, identity,
// collation; constraints, indexes, triggers, rules, extended statistics; definitions of views,
// functions, sequences (not last_value), enums, domains, composite and range types; extensions with
// version; partitions, each a table of its own; event triggers; the schemas themselves. Free of
// oids, of the order of columns and of statistics. Owners, grants and row security are
// access_policy's. Operators, casts, text search, publications and foreign servers are not
// compared. Objects left out: kPostgresObjects. An invalid index is left out too: one that is still
// built, or failed to be, serves nobody (an online change counts it); a partitioned one counts
// always.
//
// Text of queries (views, rules, SQL bodies) is compared as the server deparses it, since nothing
// else tells all differences. Server majors deparse differently: what differs most, the
// qualification of columns in a view of one table (from 16 on left out), is normalised away without
// loss; where another difference remains, the views are named as differing while majors are mixed.
//
// Read in one statement, and the queries in pages after it, 200 to a statement: a migration in
// between shows a state of its own until the next poll.
//
// Everybody may read pg_catalog: an empty catalogue is empty, whoever looks, so privilege never
// makes this unknown unless somebody revoked it (permission). A DDL lock held for long: lock.
// Failure partial never comes from here but from a foreign session (see take_identity).
Polled<State> parse_schema(Rows rows);

// A view's text as PostgreSQL 16 and later would write it where it reads one table only, else as it
// is.
std::string normalised_view(std::string text);

PostgresConcern postgres_schema();

}  // namespace mse
