// What we read of real PostgreSQL servers: twins do not differ, each planted difference is named,
// and who may not read it all is told so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "collectors/postgres_access_policy.h"
#include "collectors/postgres_config.h"
#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_grants.h"
#include "collectors/postgres_hba.h"
#include "collectors/postgres_schema.h"
#include "collectors/postgres_schema_version.h"
#include "collectors/postgres_software_version.h"
#include "direct.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing_support::differing;
using testing_support::Direct;
using testing_support::wait_for_standby;
using testing_support::Where;
using Keys = std::set<std::string>;

// Every kind of object that is compared.
constexpr const char* kSchema = R"sql(
SET search_path = public;
CREATE EXTENSION pg_trgm;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN pos AS int DEFAULT 1 CHECK (value > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE orders (id bigserial PRIMARY KEY, m mood DEFAULT 'ok', at timestamptz DEFAULT now(),
  amount numeric(10,2) NOT NULL CHECK (amount > 0), note text, long text COLLATE "C",
  twice numeric GENERATED ALWAYS AS (amount * 2) STORED);
CREATE INDEX ON orders (at);
CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  o bigint REFERENCES orders ON DELETE CASCADE);
CREATE VIEW cheap AS SELECT id, amount FROM orders WHERE amount < 10;
CREATE MATERIALIZED VIEW joined AS SELECT o.id, i.id AS item FROM orders o JOIN items i ON i.o = o.id;
CREATE FUNCTION total(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql STABLE AS 'SELECT a + b';
CREATE FUNCTION body(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION on_insert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER inserted BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION on_insert();
CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE INDEX ON parts (v);
CREATE STATISTICS st ON id, amount FROM orders;
CREATE SEQUENCE tickets INCREMENT 5;
CREATE SCHEMA "Odd Name"; CREATE TABLE "Odd Name"."T 1" (x int);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON items FOR SELECT TO mse_poor USING (o > 1);
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20240101'), ('20240102');
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO mse_poor;
SET search_path = '';)sql";

const std::vector<PostgresConcern>& concerns() {
  static const std::vector<PostgresConcern> kAll{
      postgres_software_version(), postgres_schema_version(), postgres_schema(),
      postgres_config(),           postgres_access_policy(),  postgres_hba(),
      postgres_downstreams()};
  return kAll;
}

// The printed grants without psql's own command.
std::string granted_sql(const std::string& role) {
  const auto printed = postgres_grants(role, "readings", concerns());
  return printed.substr(printed.find('\n') + 1);
}

void create(const std::string& database) {
  Direct primary(Where::primary, "postgres");
  primary.must("DROP DATABASE IF EXISTS " + database);
  primary.must("CREATE DATABASE " + database + " TEMPLATE readings");
}

class PostgresReadings : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string password = std::getenv("PGTEST_PASSWORD");
    Direct postgres(Where::primary, "postgres");
    postgres.must("CREATE ROLE mse_poor LOGIN PASSWORD '" + password + "'");
    postgres.must("CREATE DATABASE readings");
    {
      Direct readings(Where::primary, "readings");
      readings.must(kSchema);
      readings.must(granted_sql("mse_reader"));
      readings.must("ALTER ROLE mse_reader PASSWORD '" + password + "'");
    }
    create("readings_a");
    create("readings_b");
    wait_for_standby();
  }

  // The keys in which readings_b differs from its twin after `sql`.
  static Keys planted(const std::string& sql, const PostgresConcern& concern) {
    create("readings_b");
    Direct(Where::primary, "readings_b").must(sql);
    return differing(Direct(Where::primary, "readings_a", "mse_reader").state(concern),
                     Direct(Where::primary, "readings_b", "mse_reader").state(concern));
  }

  static Keys against_standby(const PostgresConcern& concern) {
    return differing(Direct(Where::primary, "readings_a", "mse_reader").state(concern),
                     Direct(Where::standby, "readings_a", "mse_reader").state(concern));
  }
};

TEST_F(PostgresReadings, TwinsDifferInNothing) {
  for (const auto& concern : concerns()) {
    if (concern.dimensions.empty()) continue;
    EXPECT_THAT(planted("SELECT 1", concern), IsEmpty()) << concern.dimensions.front();
  }
}

TEST_F(PostgresReadings, AStandbyDiffersFromItsPrimaryInNothing) {
  wait_for_standby();
  for (const auto& concern : concerns()) {
    if (concern.dimensions.empty()) continue;
    EXPECT_THAT(against_standby(concern), IsEmpty()) << concern.dimensions.front();
  }
  // What the naive comparison would have said (P10).
  const auto* naive =
      "SELECT string_agg(name || '=' || setting, ';' ORDER BY name) FROM pg_settings";
  EXPECT_NE(Direct(Where::primary, "readings_a").value(naive),
            Direct(Where::standby, "readings_a").value(naive));
}

TEST_F(PostgresReadings, EachChangeOfAnObjectNamesThatObject) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"ALTER TABLE public.orders ALTER note TYPE varchar(20)", "table public.orders"},
      {"ALTER TABLE public.orders ALTER note SET NOT NULL", "table public.orders"},
      {"ALTER TABLE public.orders ALTER note SET DEFAULT 'x'", "table public.orders"},
      {"ALTER TABLE public.orders DROP COLUMN long", "table public.orders"},
      {"CREATE INDEX ON public.orders (note)", "table public.orders"},
      {"ALTER TABLE public.items ADD CHECK (id > 0) NOT VALID", "table public.items"},
      {"ALTER TABLE public.orders DISABLE TRIGGER inserted", "table public.orders"},
      {"CREATE RULE r AS ON DELETE TO public.items DO INSTEAD NOTHING", "table public.items"},
      {"DROP STATISTICS public.st", "table public.orders"},
      {"CREATE OR REPLACE VIEW public.cheap AS SELECT id, amount FROM public.orders WHERE amount < "
       "9",
       "view public.cheap"},
      {"CREATE OR REPLACE FUNCTION public.total(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql "
       "STABLE AS 'SELECT a - b'",
       "function public.total(a integer, b integer)"},
      {"ALTER FUNCTION public.total SECURITY DEFINER",
       "function public.total(a integer, b integer)"},
      {"CREATE OR REPLACE FUNCTION public.body(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT "
       "a + 2; END",
       "function public.body(a integer)"},
      {"ALTER TYPE public.mood ADD VALUE 'happy' BEFORE 'ok'", "type public.mood"},
      {"ALTER DOMAIN public.pos DROP CONSTRAINT pos_check", "type public.pos"},
      {"ALTER TYPE public.pair ADD ATTRIBUTE c int", "type public.pair"},
      {"ALTER SEQUENCE public.tickets INCREMENT 6", "sequence public.tickets"},
      {"ALTER TABLE public.parts DETACH PARTITION public.parts_1", "table public.parts_1"},
      {"DROP EXTENSION pg_trgm", "extension pg_trgm"},
      {"DROP TABLE \"Odd Name\".\"T 1\"", "table \"Odd Name\".\"T 1\""},
      {"CREATE SCHEMA more", "schema more"}};
  for (const auto& [sql, key] : changes) {
    EXPECT_THAT(planted(sql, postgres_schema()), ElementsAre(key)) << sql;
  }
}

TEST_F(PostgresReadings, ManyViewsAreReadInPagesThatLockFewTables) {
  const std::string many = R"sql(
    DO $$ BEGIN FOR i IN 1..450 LOOP EXECUTE format(
      'CREATE VIEW public.v%s AS SELECT %s AS n FROM public.orders', i, i); END LOOP; END $$;)sql";
  create("readings_b");
  Direct(Where::primary, "readings_b").must(many);
  Direct reader(Where::primary, "readings_b", "mse_reader");
  const auto before = reader.state(postgres_schema());
  EXPECT_EQ(std::count_if(before.parts.begin(), before.parts.end(),
                          [](const auto& part) { return part.first.starts_with("view public.v"); }),
            450);
  for (const auto* name : {"v1", "v230", "v450"}) {
    const std::string view = "public." + std::string(name);
    Direct(Where::primary, "readings_b")
        .must("CREATE OR REPLACE VIEW " + view + " AS SELECT 0 AS n FROM public.orders");
    EXPECT_TRUE(differing(before, reader.state(postgres_schema())).contains("view " + view));
  }
  EXPECT_LE(reader.most_locks(postgres_schema()), 450)
      << "a view and its table each, at most a page";
}

TEST_F(PostgresReadings, WhatIsNotStructureChangesNothing) {
  for (const auto* sql :
       {"SELECT nextval('public.tickets')", "INSERT INTO public.orders (amount) VALUES (1)",
        "COMMENT ON TABLE public.orders IS 'x'", "GRANT SELECT ON public.orders TO mse_poor",
        "CREATE TEMP TABLE t (a int)", "ANALYZE",
        "ALTER TABLE public.orders DROP COLUMN note; ALTER TABLE public.orders ADD note text"}) {
    EXPECT_THAT(planted(sql, postgres_schema()), IsEmpty()) << sql;
  }
}

TEST_F(PostgresReadings, GhostsOfOnlineChangesAreCountedNotCompared) {
  const auto* ghosts = R"sql(
    CREATE TABLE public.pgosc_st_orders_0a1b2c (LIKE public.orders INCLUDING ALL);
    CREATE TABLE public.pgosc_at_orders_0a1b2c (id int);
    CREATE SCHEMA pgroll; CREATE TABLE pgroll.migrations (name text);
    CREATE SCHEMA public_02_add; CREATE VIEW public_02_add.orders AS SELECT id FROM public.orders;
    ALTER TABLE public.items ADD COLUMN _pgroll_new_o bigint;
    CREATE SCHEMA repack; CREATE TABLE repack.table_16385 (a int);
    UPDATE pg_catalog.pg_index SET indisvalid = false
    WHERE indexrelid = (SELECT oid FROM pg_class WHERE relname = 'left_behind'))sql";
  EXPECT_THAT(planted(std::string("CREATE INDEX left_behind ON public.items (o);") + ghosts,
                      postgres_schema()),
              IsEmpty());
  const auto report =
      Direct(Where::primary, "readings_b", "mse_reader").read(postgres_schema_version());
  EXPECT_THAT(
      report->migrations->online_changes,
      UnorderedElementsAre(testing::Pair("pg_osc/running", 1), testing::Pair("pgroll/running", 1),
                           testing::Pair("pg_repack/running", 1),
                           testing::Pair("concurrent_index/invalid", 1)));
}

TEST_F(PostgresReadings, EachChangeOfAccessNamesThatObject) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"GRANT SELECT ON public.orders TO mse_poor", "table public.orders"},
      {"GRANT UPDATE (note) ON public.orders TO mse_poor", "table public.orders"},
      {"ALTER TABLE public.orders OWNER TO mse_poor; ALTER SEQUENCE public.tickets OWNED BY NONE",
       "table public.orders"},
      {"ALTER POLICY mine ON public.items USING (o > 2)", "table public.items"},
      {"ALTER TABLE public.items DISABLE ROW LEVEL SECURITY", "table public.items"},
      {"GRANT CREATE ON SCHEMA public TO mse_poor", "schema public"},
      {"REVOKE EXECUTE ON PROCEDURE public.work() FROM public", "procedure public.work()"},
      {"GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO mse_poor",
       "function pg_read_file(text)"},
      {"GRANT EXECUTE ON FUNCTION public.similarity(text, text) TO mse_poor",
       "function public.similarity(text,text)"},
      {"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO mse_poor",
       "default privileges of postgres in public"},
      {"GRANT CREATE ON DATABASE readings_b TO mse_poor", "database"}};
  for (const auto& [sql, key] : changes) {
    EXPECT_TRUE(planted(sql, postgres_access_policy()).contains(key)) << sql;
  }
  EXPECT_THAT(planted("GRANT SELECT ON public.orders TO postgres", postgres_access_policy()),
              IsEmpty())
      << "a grant that says the default";
}

TEST_F(PostgresReadings, RolesAreOfTheWholeServer) {
  Direct primary(Where::primary, "readings_a", "mse_reader");
  Direct superuser(Where::primary, "readings_a");
  const auto before = primary.state(postgres_access_policy());
  superuser.must(
      "CREATE ROLE mse_more; GRANT pg_monitor TO mse_more; ALTER ROLE mse_poor CREATEDB");
  EXPECT_THAT(differing(before, primary.state(postgres_access_policy())),
              ElementsAre("role mse_more", "role mse_poor"));
  superuser.must("DROP ROLE mse_more; ALTER ROLE mse_poor NOCREATEDB");
  EXPECT_THAT(differing(before, primary.state(postgres_access_policy())), IsEmpty());
}

TEST_F(PostgresReadings, AMigrationOfOneTenantIsNamed) {
  EXPECT_THAT(planted("INSERT INTO public.schema_migrations VALUES ('20240103')",
                      postgres_schema_version()),
              ElementsAre("dbmate public.schema_migrations applied",
                          "dbmate public.schema_migrations version"));
  EXPECT_THAT(planted("DELETE FROM public.schema_migrations WHERE version = '20240101'",
                      postgres_schema_version()),
              ElementsAre("dbmate public.schema_migrations applied"));
}

// Runs `work` while the standby has other settings than its primary.
void with_standby_setting(const std::string& name, const std::string& value,
                          const std::function<void()>& work) {
  Direct standby(Where::standby, "postgres");
  const auto applied = [&](const std::string& expected) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    standby.must("SELECT pg_reload_conf()");
    while (Direct(Where::standby, "postgres")
               .value("SELECT (reset_val || pending_restart) FROM pg_settings WHERE name = '" +
                      name + "'") == expected) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << name << " does not change";
    }
  };
  const auto state = [&] {
    return Direct(Where::standby, "postgres")
        .value("SELECT (reset_val || pending_restart) FROM pg_settings WHERE name = '" + name +
               "'");
  };
  const auto before = state();
  standby.must("ALTER SYSTEM SET " + name + " = " + value);
  applied(before);
  work();
  const auto during = state();
  standby.must("ALTER SYSTEM RESET " + name);
  applied(during);
}

TEST_F(PostgresReadings, ASettingOfOneNodeIsNamed) {
  with_standby_setting("work_mem", "'8MB'", [] {
    EXPECT_THAT(against_standby(postgres_config()), ElementsAre("work_mem"));
  });
  with_standby_setting("max_wal_senders", "37", [] {
    EXPECT_THAT(against_standby(postgres_config()),
                ElementsAre("max_wal_senders (pending restart)"));
  });
  EXPECT_THAT(against_standby(postgres_config()), IsEmpty());
}

TEST_F(PostgresReadings, ASettingAttachedToADatabaseIsNamed) {
  EXPECT_THAT(planted("ALTER DATABASE readings_b SET work_mem = '9MB'", postgres_config()),
              ElementsAre("all roles in this database: work_mem", "work_mem"));
  EXPECT_THAT(planted("ALTER ROLE mse_reader IN DATABASE readings_b SET work_mem = '9MB'",
                      postgres_config()),
              IsEmpty())
      << "our own role's settings are not the server's";
}

TEST_F(PostgresReadings, OurOwnSetsAreNotConfiguration) {
  Direct reader(Where::primary, "readings_a", "mse_reader");
  const auto before = reader.state(postgres_config());
  reader.must("SET statement_timeout = 4000; SET default_transaction_read_only = on");
  EXPECT_EQ(reader.state(postgres_config()).key, before.key);
}

TEST_F(PostgresReadings, AnHbaLineOfOneNodeIsNamed) {
  const std::string path = std::string(std::getenv("PGTEST_STANDBY_DATA")) + "/pg_hba.conf";
  std::stringstream original;
  original << std::ifstream(path).rdbuf();
  std::ofstream(path, std::ios::app) << "host app planted 10.9.0.0/16 reject\n";
  EXPECT_THAT(against_standby(postgres_hba()),
              ElementsAre("host app planted 10.9.0.0/255.255.0.0", "order"));
  std::ofstream(path) << original.str();
  EXPECT_THAT(against_standby(postgres_hba()), IsEmpty());
}

TEST_F(PostgresReadings, APoorRoleIsToldWhatItMayNotRead) {
  Direct poor(Where::primary, "readings_a", "mse_poor");
  EXPECT_EQ(poor.reason(postgres_config()), Reason::permission);
  EXPECT_EQ(poor.reason(postgres_hba()), Reason::permission);
  EXPECT_EQ(poor.reason(postgres_schema_version()), Reason::permission);
  // The catalogue hides nothing: what it reads is what anybody reads.
  Direct reader(Where::primary, "readings_a", "mse_reader");
  for (const auto& concern : {postgres_schema(), postgres_access_policy()}) {
    EXPECT_EQ(poor.state(concern).key, reader.state(concern).key);
  }
}

TEST_F(PostgresReadings, PgMonitorIsNotEnoughForHba) {
  Direct superuser(Where::primary, "readings_a");
  superuser.must("GRANT pg_monitor TO mse_poor");
  Direct monitor(Where::primary, "readings_a", "mse_poor");
  EXPECT_EQ(monitor.reason(postgres_hba()), Reason::permission);
  EXPECT_EQ(monitor.state(postgres_config()).key,
            Direct(Where::primary, "readings_a", "mse_reader").state(postgres_config()).key);
  superuser.must("REVOKE pg_monitor FROM mse_poor");
}

TEST_F(PostgresReadings, APairIsOneGroupOfTwoServersAndAnotherDatabaseIsAnother) {
  wait_for_standby();
  const auto primary = Direct(Where::primary, "readings_a", "mse_poor").self().value();
  const auto standby = Direct(Where::standby, "readings_a", "mse_poor").self().value();
  EXPECT_EQ(primary.identity.role, Role::primary);
  EXPECT_EQ(standby.identity.role, Role::replica);
  EXPECT_EQ(primary.identity.group, standby.identity.group);
  EXPECT_EQ(primary.identity.history, standby.identity.history);
  EXPECT_NE(primary.identity.server, standby.identity.server);
  EXPECT_EQ(primary.identity.server,
            Direct(Where::primary, "readings_b", "mse_poor").self()->identity.server);
  EXPECT_NE(primary.identity.group,
            Direct(Where::primary, "readings_b", "mse_poor").self()->identity.group);
}

TEST_F(PostgresReadings, AForeignSearchPathIsPartial) {
  Direct reader(Where::primary, "readings_a", "mse_reader");
  reader.must("SET search_path = public");
  EXPECT_EQ(reader.reason(postgres_schema()), Reason::partial);
}

}  // namespace
}  // namespace mse
