// Reads the catalogue, a few rows an object, and digests them by object.
#include "collectors/postgres_schema.h"

#include <algorithm>
#include <iterator>

#include "collectors/parts.h"
#include "collectors/postgres_objects.h"

namespace mse {
namespace {

// ROW(…)::text frames its fields and keeps NULL apart.
constexpr std::string_view kTables = R"sql(
SELECT 'schema ' || quote_ident(nspname) AS part, 'schema' AS kind, '' AS name, '' AS body
FROM spaces WHERE NOT EXISTS (
  SELECT FROM owned WHERE classid = 'pg_namespace'::regclass AND objid = spaces.oid)
UNION ALL
SELECT r.part, 'relation', '', ROW(r.relkind, r.relpersistence, r.relreplident, am.amname,
  (SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(r.reloptions) o),
  CASE r.relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END, pg_get_expr(r.relpartbound, r.oid),
  (SELECT array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno)
   FROM pg_inherits i WHERE i.inhrelid = r.oid))::text
FROM relations r LEFT JOIN pg_am am ON am.oid = r.relam
UNION ALL
SELECT r.part, 'column', a.attname, ROW(format_type(a.atttypid, a.atttypmod), a.attnotnull,
  a.attidentity, a.attgenerated,
  (SELECT ROW(n.nspname, c.collname)::text FROM pg_collation c JOIN pg_namespace n
   ON n.oid = c.collnamespace WHERE c.oid = a.attcollation AND c.oid <> t.typcollation),
  pg_get_expr(d.adbin, d.adrelid))::text
FROM relations r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.relkind <> 'S' AND a.attname !~ )sql" MSE_POSTGRES_GHOSTS R"sql(
UNION ALL
SELECT r.part, 'constraint', c.conname, pg_get_constraintdef(c.oid)
FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
WHERE c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conparentid = 0
  AND c.conname !~ )sql" MSE_POSTGRES_GHOSTS R"sql(
UNION ALL
SELECT r.part, 'index', c.relname, ROW(pg_get_indexdef(c.oid), i.indisreplident)::text
FROM relations r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid
WHERE (i.indisvalid OR c.relkind = 'I') AND c.relname !~ )sql" MSE_POSTGRES_GHOSTS R"sql(
  AND NOT (c.relname ~ '^index_[0-9]+$' AND EXISTS (
    SELECT FROM pg_namespace WHERE nspname = 'repack'))
UNION ALL
SELECT r.part, 'trigger', t.tgname, ROW(pg_get_triggerdef(t.oid), t.tgenabled)::text
FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal AND t.tgname !~ )sql" MSE_POSTGRES_GHOSTS R"sql(
UNION ALL
SELECT r.part, 'statistics', x.stxname, pg_get_statisticsobjdef(x.oid)
FROM relations r JOIN pg_statistic_ext x ON x.stxrelid = r.oid
UNION ALL
SELECT r.part, 'sequence', '', ROW(format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement,
  q.seqmax, q.seqmin, q.seqcache, q.seqcycle,
  (SELECT d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d
   JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
     AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1))::text
FROM relations r JOIN pg_sequence q ON q.seqrelid = r.oid)sql";

constexpr std::string_view kFunctions = R"sql(
UNION ALL
SELECT f.part, 'function', '', ROW(f.prokind, pg_get_function_result(f.oid),
  pg_get_function_arguments(f.oid), l.lanname, f.provolatile, f.proisstrict, f.prosecdef,
  f.proparallel, f.proleakproof, f.procost, f.prorows, f.prosupport::text,
  (SELECT array_agg(o ORDER BY o COLLATE "C") FROM unnest(f.proconfig) o), f.prosrc, f.probin,
  a.aggkind, a.aggtransfn::text, a.aggfinalfn::text, a.aggcombinefn::text, a.agginitval,
  format_type(a.aggtranstype, NULL), a.aggmtransfn::text, a.aggminvtransfn::text,
  a.aggmfinalfn::text)::text
FROM functions f JOIN pg_language l ON l.oid = f.prolang
LEFT JOIN pg_aggregate a ON a.aggfnoid = f.oid
UNION ALL
SELECT 'extension ' || quote_ident(e.extname), 'extension', '', ROW(e.extversion, n.nspname)::text
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT 'event trigger ' || quote_ident(e.evtname), 'event trigger', '',
  ROW(e.evtevent, e.evtfoid::regproc::text, e.evtenabled, e.evttags)::text
FROM pg_event_trigger e JOIN functions f ON f.oid = e.evtfoid)sql";

constexpr std::string_view kTypes = R"sql(
UNION ALL
SELECT t.part, t.kind, t.name, t.body FROM (
  SELECT t.oid, 'type ' || quote_ident(s.nspname) || '.' || quote_ident(t.typname) AS part,
    k.kind, k.name, k.body
  FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  CROSS JOIN LATERAL (
    SELECT 'type', '', ROW(t.typtype, t.typnotnull, t.typdefault, t.typcategory,
      format_type(nullif(t.typbasetype, 0), t.typtypmod),
      (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
       WHERE e.enumtypid = t.oid),
      (SELECT ROW(format_type(g.rngsubtype, NULL), l.collname, g.rngcanonical::text,
         g.rngsubdiff::text)::text FROM pg_range g LEFT JOIN pg_collation l
       ON l.oid = g.rngcollation WHERE g.rngtypid = t.oid),
      (SELECT array_agg(ROW(a.attname, format_type(a.atttypid, a.atttypmod))::text
         ORDER BY a.attnum) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))::text
    UNION ALL
    SELECT 'constraint', d.conname, pg_get_constraintdef(d.oid) FROM pg_constraint d
    WHERE d.contypid = t.oid AND d.contype = 'c') AS k(kind, name, body)
  WHERE (t.typtype IN ('b', 'd', 'e', 'r') OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)) AS t
WHERE NOT EXISTS (SELECT FROM owned WHERE classid = 'pg_type'::regclass AND objid = t.oid))sql";

// Deparsing a query locks every table in it until the statement ends (ACCESS SHARE), and the table
// of locks is small and everybody's: so these come in pages, by oid.
constexpr std::string_view kRewrites = R"sql(
SELECT p.part, CASE p.rulename WHEN '_RETURN' THEN 'definition' ELSE 'rule' END AS kind,
  CASE p.rulename WHEN '_RETURN' THEN '' ELSE p.rulename END AS name,
  CASE p.rulename WHEN '_RETURN' THEN pg_get_viewdef(p.ev_class)
    ELSE ROW(pg_get_ruledef(p.oid), p.ev_enabled)::text END AS body, p.oid AS page
FROM (SELECT r.part, w.* FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid
      WHERE w.oid > )sql";

constexpr std::string_view kBodies = R"sql(
SELECT p.part, 'body' AS kind, '' AS name, pg_get_function_sqlbody(p.oid) AS body, p.oid AS page
FROM (SELECT w.oid, w.part FROM functions w WHERE w.prosqlbody IS NOT NULL AND w.oid > )sql";

constexpr std::uint64_t kPage = 200;
constexpr std::size_t kMostRows = 2'000'000;

Failure too_many() {
  return {Reason::too_large, "the catalogue has more than 2 million entries"};
}

std::string with_objects(std::string_view select) {
  return "WITH " + std::string(kPostgresObjects) + std::string(select);
}

std::string page_sql(std::string_view select, std::uint64_t after) {
  return with_objects(select) + std::to_string(after) + " ORDER BY w.oid LIMIT " +
         std::to_string(kPage) + ") AS p";
}

std::string catalogue_sql() {
  return with_objects(std::string(kTables) + std::string(kFunctions) + std::string(kTypes));
}

// Where the page after `rows` begins, which began after `after`; nothing when `rows` was the last.
Polled<std::optional<std::uint64_t>> next_page(const Rows& rows, std::uint64_t after) {
  if (rows.rows.size() < kPage) return std::nullopt;
  const auto cells = cells_of(rows, {"page"}, 1);
  if (!cells) return tl::unexpected(cells.error());
  std::uint64_t last = 0;
  for (const auto& row : *cells) last = std::max(last, whole_number(*row[0]).value_or(0));
  if (last <= after) return protocol("the pages of the catalogue go in circles");
  return last;
}

// Appends the cells (part, kind, name, body) of all pages of `select` to `to`.
asio::awaitable<Polled<void>> append_pages(PostgresReader* reader, std::string_view select,
                                           Rows* to) {
  for (std::optional<std::uint64_t> after = 0; after;) {
    auto page = co_await reader->rows(page_sql(select, *after));
    if (!page) co_return tl::unexpected(page.error());
    const auto next = next_page(*page, *after);
    if (!next) co_return tl::unexpected(next.error());
    after = *next;
    auto cells = cells_of(std::move(*page), {"part", "kind", "name", "body"}, 3);
    if (!cells) co_return tl::unexpected(cells.error());
    std::move(cells->begin(), cells->end(), std::back_inserter(to->rows));
    if (to->rows.size() > kMostRows) co_return tl::unexpected(too_many());
  }
  co_return Polled<void>();
}

asio::awaitable<Polled<Report>> read(PostgresReader* reader) {
  auto rows = co_await reader->rows(catalogue_sql());
  if (!rows) co_return tl::unexpected(rows.error());
  auto pages = co_await append_pages(reader, kRewrites, &*rows);
  if (pages && reader->server_version >= 140000) {
    pages = co_await append_pages(reader, kBodies, &*rows);
  }
  if (!pages) co_return tl::unexpected(pages.error());
  co_return report_of("schema", parse_schema(std::move(*rows)));
}

bool occurs_once(std::string_view text, std::string_view what) {
  const auto first = text.find(what);
  return first != std::string_view::npos && text.find(what, first + 1) == std::string_view::npos;
}

// The name by which the only table of a view's only FROM is called; empty when it has several.
std::string only_table(std::string_view text) {
  constexpr std::string_view kFrom = "\n   FROM ";
  if (!occurs_once(text, "FROM ") || !occurs_once(text, kFrom)) return {};
  auto table = text.substr(text.find(kFrom) + kFrom.size());
  table = table.substr(0, table.find_first_of("\n;"));
  if (table.find_first_of(",()'\"") != std::string_view::npos) return {};
  if (text.find(" JOIN ") != std::string_view::npos) return {};
  return std::string(table.substr(table.find_last_of(". ") + 1));
}

bool starts_a_name(std::string_view text, std::size_t at) {
  constexpr std::string_view kInside =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$.\"";
  return at == 0 || kInside.find(text[at - 1]) == std::string_view::npos;
}

}  // namespace

std::string normalised_view(std::string text) {
  const auto table = only_table(text);
  if (table.empty()) return text;
  const auto prefix = table + ".";
  std::string out;
  bool in_literal = false;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\'') in_literal = !in_literal;
    if (!in_literal && text.compare(i, prefix.size(), prefix) == 0 && starts_a_name(text, i)) {
      i += prefix.size();
    } else {
      out += text[i++];
    }
  }
  return out;
}

Polled<State> parse_schema(Rows rows) {
  const auto cells = cells_of(std::move(rows), {"part", "kind", "name", "body"}, 3);
  if (!cells) return tl::unexpected(cells.error());
  Parts parts;
  for (const auto& row : *cells) {
    auto body = row[3];
    if (row[1] == "definition" && body) body = normalised_view(std::move(*body));
    parts.add(*row[0], {row[1], row[2], std::move(body)});
  }
  return state_of("postgres_schema/1", parts.digests());
}

PostgresConcern postgres_schema() {
  return {{"schema"}, Depth::deep, true, read, nullptr};
}

}  // namespace mse
