// The table of migration tools: a row a shape of history table.
#include "collectors/migration_tools.h"

#include <array>

namespace mse {
namespace {

// Versions that are numbers, dotted or not, in numeric order; then the others as text.
#define MSE_NEWEST(version)                                                      \
  "CASE WHEN " version " ~ '^[0-9]+(\\.[0-9]+)*$' THEN string_to_array(" version \
  ", '.')::numeric[] END DESC NULLS LAST, " version " COLLATE \"C\" DESC LIMIT 1"
#define MSE_ALL(id) "string_agg(" id ", E'\\n' ORDER BY " id " COLLATE \"C\")"

// version NULL is a repeatable migration. Rows of type SCHEMA are no work; UNDO… and DELETE take
// back what the row before did. A failure that a later row of the version mended is over.
constexpr std::string_view kFlyway =
    "WITH last AS (SELECT DISTINCT ON (coalesce({version}, 'R ' || {description}))\n"
    "  {version}::text AS v, coalesce({version}, 'R ' || {description}) AS id, {type}::text AS t,\n"
    "  {checksum} AS c, {success} AS ok FROM {table} WHERE {type} <> 'SCHEMA'\n"
    "  ORDER BY coalesce({version}, 'R ' || {description}), {installed_rank} DESC),\n"
    "done AS (SELECT * FROM last WHERE ok AND t !~ '^(UNDO|DELETE)')\n"
    "SELECT (SELECT v FROM done WHERE v IS NOT NULL ORDER BY " MSE_NEWEST("v") ") AS version,\n"
    "  (SELECT " MSE_ALL("concat_ws(' ', id, c)") " FROM done) AS applied,\n"
    "  EXISTS (SELECT FROM last WHERE NOT ok) AS dirty";

// No single version: the last change set run. Checksums are left out, their prefix tells
// Liquibase's version, not the database's.
constexpr std::string_view kLiquibase =
    "WITH ran AS (SELECT {id}::text AS id, {author}::text AS author, {filename}::text AS filename,\n"
    "  {dateexecuted} AS at, {orderexecuted} AS n FROM {table}\n"
    "  WHERE {exectype} IN ('EXECUTED', 'RERAN', 'MARK_RAN'))\n"
    "SELECT (SELECT id FROM ran ORDER BY at DESC, n DESC LIMIT 1) AS version,\n"
    "  (SELECT " MSE_ALL("concat_ws(' ', id, author, filename)") " FROM ran) AS applied,\n"
    "  EXISTS (SELECT FROM {table} WHERE {exectype} = 'FAILED') AS dirty";

// Kept in the zone of whoever ran it: the age is off by the difference, never below 0.
constexpr std::string_view kLiquibaseLock =
    "(SELECT max(greatest(extract(epoch FROM localtimestamp - {lock:lockgranted}), 0))\n"
    " FROM {lock} WHERE {lock:locked})";

// Several rows are the heads of several branches.
constexpr std::string_view kAlembic =
    "SELECT string_agg({version_num}, ',' ORDER BY {version_num} COLLATE \"C\") AS version,\n"
    "  " MSE_ALL("{version_num}") " AS applied, false AS dirty FROM {table}";

constexpr std::string_view kDjango =
    "SELECT (SELECT {app} || '.' || {name} FROM {table} ORDER BY {id} DESC LIMIT 1) AS version,\n"
    "  (SELECT " MSE_ALL("{app} || '.' || {name}") " FROM {table}) AS applied, false AS dirty";

constexpr std::string_view kVersionsOnly =
    "SELECT (SELECT {version} FROM {table} ORDER BY " MSE_NEWEST("{version}") ") AS version,\n"
    "  (SELECT " MSE_ALL("{version}") " FROM {table}) AS applied, false AS dirty";

// A dirty version is neither that version nor the one before.
constexpr std::string_view kGolangMigrate =
    "SELECT max({version}) || CASE WHEN bool_or({dirty}) THEN ' dirty' ELSE '' END AS version,\n"
    "  max({version}) || CASE WHEN bool_or({dirty}) THEN ' dirty' ELSE '' END AS applied,\n"
    "  coalesce(bool_or({dirty}), false) AS dirty FROM {table}";

// The newest row of a version counts; row 0 is there from the start.
constexpr std::string_view kGoose =
    "WITH last AS (SELECT DISTINCT ON ({version_id}) {version_id} AS v, {is_applied} AS ok\n"
    "  FROM {table} ORDER BY {version_id}, {id} DESC)\n"
    "SELECT max(v)::text AS version, string_agg(v::text, E'\\n' ORDER BY v) AS applied,\n"
    "  false AS dirty FROM last WHERE ok";

// The newest row of a name counts. Neither finished nor rolled back: running, failed or killed.
constexpr std::string_view kPrisma =
    "WITH last AS (SELECT DISTINCT ON ({migration_name}) {migration_name}::text AS name,\n"
    "  {checksum} AS checksum, {finished_at} AS done, {rolled_back_at} AS undone\n"
    "  FROM {table} ORDER BY {migration_name}, {started_at} DESC)\n"
    "SELECT max(name COLLATE \"C\") FILTER (WHERE done IS NOT NULL AND undone IS NULL) AS version,\n"
    "  " MSE_ALL("concat_ws(' ', name, checksum)")
    " FILTER (WHERE done IS NOT NULL AND undone IS NULL) AS applied,\n"
    "  coalesce(bool_or(done IS NULL AND undone IS NULL), false) AS dirty FROM last";

// It refuses to go on while one is unfinished, which is its lock that people see.
constexpr std::string_view kPrismaLock =
    "(SELECT max(extract(epoch FROM clock_timestamp() - {lock:started_at})) FROM {lock}\n"
    " WHERE {lock:finished_at} IS NULL AND {lock:rolled_back_at} IS NULL)";

constexpr std::string_view kKnex =
    "SELECT (SELECT {name} FROM {table} ORDER BY {id} DESC LIMIT 1) AS version,\n"
    "  (SELECT " MSE_ALL("{name}") " FROM {table}) AS applied, false AS dirty";

// It records no time: locked, for at least no time.
constexpr std::string_view kKnexLock = "(SELECT max(0) FROM {lock} WHERE {lock:is_locked} = 1)";

constexpr std::string_view kEcto =
    "SELECT max({version})::text AS version,\n"
    "  string_agg({version}::text, E'\\n' ORDER BY {version}) AS applied, false AS dirty\n"
    "FROM {table}";

constexpr std::array kTools{
    MigrationTool{"flyway", " flyway_schema_history schema_version ",
                  " checksum:N description:S installed_rank:N success:B type:S version:S ", false,
                  "", "", kFlyway, "", ""},
    MigrationTool{"liquibase", " databasechangelog ",
                  " author:S dateexecuted:D exectype:S filename:S id:S orderexecuted:N ", false, "",
                  "", kLiquibase, "databasechangeloglock", kLiquibaseLock},
    MigrationTool{"alembic", " alembic_version ", " version_num:S ", true, "", "", kAlembic, "",
                  ""},
    MigrationTool{"django", " django_migrations ", " app:S applied:D id:N name:S ", true, "", "",
                  kDjango, "", ""},
    MigrationTool{"rails", " schema_migrations ", " version:S ", true, "ar_internal_metadata", "",
                  kVersionsOnly, "", ""},
    MigrationTool{"dbmate", " schema_migrations ", " version:S ", true, "", "ar_internal_metadata",
                  kVersionsOnly, "", ""},
    MigrationTool{"golang-migrate", " schema_migrations ", " dirty:B version:N ", true, "", "",
                  kGolangMigrate, "", ""},
    MigrationTool{"ecto", " schema_migrations ", " inserted_at:D version:N ", true, "", "", kEcto,
                  "", ""},
    MigrationTool{"goose", " goose_db_version ", " id:N is_applied:B version_id:N ", false, "", "",
                  kGoose, "", ""},
    MigrationTool{"prisma", " _prisma_migrations ",
                  " checksum:S finished_at:D migration_name:S rolled_back_at:D started_at:D ",
                  false, "", "", kPrisma, "_prisma_migrations", kPrismaLock},
    MigrationTool{"knex", " knex_migrations ", " batch:N id:N migration_time:D name:S ", true, "",
                  "", kKnex, "knex_migrations_lock", kKnexLock},
};

#undef MSE_NEWEST
#undef MSE_ALL

}  // namespace

std::span<const MigrationTool> migration_tools() {
  return kTools;
}

}  // namespace mse
