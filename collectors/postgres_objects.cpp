// The SQL that selects the service's own objects.
#include "collectors/postgres_objects.h"

namespace mse {

const std::string_view kPostgresObjects = R"sql(
owned AS MATERIALIZED (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
spaces AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl
  FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgroll', 'repack')
    AND NOT (EXISTS (SELECT FROM pg_namespace WHERE nspname = 'pgroll')
      AND EXISTS (SELECT FROM pg_namespace b WHERE starts_with(n.nspname, b.nspname || '_'))
      AND EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid)
      AND NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind <> 'v'))),
relations AS MATERIALIZED (
  SELECT c.*,
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
      WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'table' END
      || ' ' || quote_ident(s.nspname) || '.' || quote_ident(c.relname) AS part
  FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't'
    AND c.relname !~ '^pgosc_(st|at|op_table)_'
    AND NOT EXISTS (SELECT FROM owned o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid)),
functions AS MATERIALIZED (
  SELECT p.*,
    CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END
      || ' ' || quote_ident(s.nspname) || '.' || quote_ident(p.proname)
      || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS part
  FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
  WHERE p.proname !~ )sql" MSE_POSTGRES_GHOSTS R"sql(
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                    AND d.objid = p.oid AND d.deptype IN ('e', 'i'))))sql";

}  // namespace mse
