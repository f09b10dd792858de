// Reads roles, access control lists and policies, a few rows an object.
#include "collectors/postgres_access_policy.h"

#include "collectors/parts.h"
#include "collectors/postgres_objects.h"

namespace mse {
namespace {

// acls: every object that can be granted on, with the list as it is or else the default one.
// What initdb or an extension's script granted, and nobody changed, is not policy.
constexpr std::string_view kAcls = R"sql(,
changed AS MATERIALIZED (
  SELECT classoid, objoid, objsubid, initprivs FROM pg_init_privs),
all_acls AS (
  SELECT 'pg_class'::regclass AS classid, c.oid, coalesce(r.part, 'relation ' || c.oid::regclass)
      AS part, c.relowner AS owner, c.relacl AS acl,
    CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS kind, r.oid IS NOT NULL AS ours,
    c.relnamespace AS space
  FROM pg_class c LEFT JOIN relations r ON r.oid = c.oid
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, coalesce(f.part, 'function ' || p.oid::regprocedure),
    p.proowner, p.proacl, 'f', f.oid IS NOT NULL, p.pronamespace
  FROM pg_proc p LEFT JOIN functions f ON f.oid = p.oid
  UNION ALL
  SELECT 'pg_namespace'::regclass, n.oid, 'schema ' || quote_ident(n.nspname), n.nspowner,
    n.nspacl, 'n', s.oid IS NOT NULL, n.oid
  FROM pg_namespace n LEFT JOIN spaces s ON s.oid = n.oid
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 'type ' || format_type(t.oid, NULL), t.typowner, t.typacl, 'T',
    s.oid IS NOT NULL AND NOT EXISTS (
      SELECT FROM owned o WHERE o.classid = 'pg_type'::regclass AND o.objid = t.oid),
    t.typnamespace
  FROM pg_type t LEFT JOIN spaces s ON s.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE (t.typtype <> 'c' OR c.relkind = 'c') AND NOT EXISTS (
    SELECT FROM pg_type e WHERE e.typarray = t.oid)
  UNION ALL
  SELECT 'pg_language'::regclass, oid, 'language ' || quote_ident(lanname), lanowner, lanacl, 'l',
    false, 'pg_catalog'::regnamespace FROM pg_language
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'foreign data wrapper ' || quote_ident(fdwname),
    fdwowner, fdwacl, 'F', false, 'pg_catalog'::regnamespace
  FROM pg_foreign_data_wrapper
  UNION ALL
  SELECT 'pg_foreign_server'::regclass, oid, 'foreign server ' || quote_ident(srvname), srvowner,
    srvacl, 'S', true, NULL
  FROM pg_foreign_server
  UNION ALL
  SELECT 'pg_tablespace'::regclass, oid, 'tablespace ' || quote_ident(spcname), spcowner, spcacl,
    't', spcname !~ '^pg_', 'pg_catalog'::regnamespace
  FROM pg_tablespace
  UNION ALL
  SELECT 'pg_database'::regclass, oid, 'database', datdba, datacl, 'd', true, NULL
  FROM pg_database WHERE datname = current_database()),
acls AS (
  SELECT a.part, pg_get_userbyid(a.owner) AS owner, coalesce(a.acl, acldefault(a.kind, a.owner)) AS acl
  FROM all_acls a LEFT JOIN changed i ON i.classoid = a.classid AND i.objoid = a.oid AND i.objsubid = 0
  WHERE a.ours OR (a.acl IS NOT NULL AND a.acl IS DISTINCT FROM i.initprivs
    AND (a.space = 'pg_catalog'::regnamespace
      OR EXISTS (SELECT FROM owned o WHERE o.classid = a.classid AND o.objid = a.oid)))))sql";

constexpr std::string_view kPolicy = R"sql(
SELECT part, 'acl' AS kind, owner::text AS name,
  (SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(acl) i)::text AS body
FROM acls
UNION ALL
SELECT r.part, 'columns', a.attname,
  (SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(a.attacl) i)::text
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
UNION ALL
SELECT part, 'row security', '', ROW(relrowsecurity, relforcerowsecurity)::text FROM relations
WHERE relkind IN ('r', 'p')
UNION ALL
SELECT r.part, 'policy', p.polname, ROW(p.polcmd, p.polpermissive,
  (SELECT array_agg(CASE WHEN o = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(o)) END
     ORDER BY pg_get_userbyid(o) COLLATE "C") FROM unnest(p.polroles) o),
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text
FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'role ' || quote_ident(rolname), 'role', '', ROW(rolsuper, rolinherit, rolcreaterole,
  rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit,
  extract(epoch FROM rolvaliduntil))::text
FROM pg_roles WHERE rolname !~ '^pg_'
UNION ALL
SELECT 'role ' || quote_ident(pg_get_userbyid(m.member)), 'member of',
  pg_get_userbyid(m.roleid)::text, (to_jsonb(m) - ARRAY['oid', 'roleid', 'member', 'grantor'])::text
FROM pg_auth_members m WHERE pg_get_userbyid(m.member) !~ '^pg_'
UNION ALL
SELECT 'default privileges of ' || quote_ident(pg_get_userbyid(d.defaclrole))
    || coalesce(' in ' || quote_ident(s.nspname), ''),
  'default', d.defaclobjtype::text,
  (SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(d.defaclacl) i)::text
FROM pg_default_acl d LEFT JOIN spaces s ON s.oid = d.defaclnamespace)sql";

constexpr std::string_view kParameters = R"sql(
UNION ALL
SELECT 'parameter ' || parname, 'acl', '',
  (SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(paracl) i)::text
FROM pg_parameter_acl)sql";

std::string access_policy_sql(int server_version) {
  std::string sql = "WITH ";
  for (const auto piece : {kPostgresObjects, kAcls, kPolicy}) sql += piece;
  if (server_version >= 150000) sql += kParameters;
  return sql;
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(access_policy_sql(reader->server_version));
  if (!rows) co_return tl::unexpected(rows.error());
  co_return report_of("access_policy", parse_access_policy(std::move(*rows)));
}

}  // namespace

Polled<State> parse_access_policy(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"part", "kind", "name", "body"}, 3);
  if (!cells) return tl::unexpected(cells.error());
  // The role that reads is there at least: no rows at all is no policy but a reply cut short.
  if (cells->empty()) return protocol("the access policy names not one role");
  Parts parts;
  for (const auto& row : *cells) parts.add(*row[0], {row[1], row[2], row[3]});
  return state_of("postgres_access_policy/1", parts.digests());
}

PostgresConcern postgres_access_policy() {
  return {{"access_policy"}, Depth::deep, true, read, nullptr};
}

}  // namespace mse
