// Who may do what in a PostgreSQL database: roles, memberships, ownership, grants, row security.
#pragma once

#include "collectors/postgres_readings.h"

namespace mse {

// A digest per object: "role app" (attributes, settings are config's; no passwords; what it is a
// member of), "table public.orders" (owner, grants, column grants, row security and its policies),
// and so for schemas, functions, types, languages, foreign servers, tablespaces, parameters (from
// 15 on), "default privileges of …", and "database" for the one connected to, whose name may differ
// from tenant to tenant. A grant that is absent and one that says the default are equal.
//
// Roles are the server's, not the database's: two databases of one server agree in them. The
// exporter's own role is compared like any other, since a role left out by its name is a place to
// hide a privilege; where nodes are given different users, it differs for what it is. Predefined
// pg_ roles are left out, memberships in them are not.
//
// Of what belongs to the system or to an extension only grants changed since it was created are
// compared. Readable by every role: privilege never makes this unknown.
Polled<State> parse_access_policy(Rows rows);

PostgresConcern postgres_access_policy();

}  // namespace mse
