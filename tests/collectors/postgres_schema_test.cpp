// PostgreSQL's catalogue as a state: order-free, objects named, hostile cells never equal.
#include "collectors/postgres_schema.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using Row = std::vector<std::optional<std::string>>;

Rows catalogue(std::vector<Row> rows) {
  return {{"part", "kind", "name", "body"}, std::move(rows)};
}

State schema(std::vector<Row> rows) {
  return parse_schema(catalogue(std::move(rows))).value();
}

const Row kId{"table public.orders", "column", "id", "(bigint,t,\"\",\"\",,)"};
const Row kNote{"table public.orders", "column", "note", "(text,f,\"\",\"\",,)"};
const Row kItems{"table public.items", "column", "id", "(bigint,t,\"\",\"\",,)"};

TEST(PostgresSchema, OrderOfColumnsAndObjectsDoesNotMatter) {
  EXPECT_EQ(schema({kId, kNote, kItems}).key, schema({kItems, kNote, kId}).key);
}

TEST(PostgresSchema, NamesTheObjectThatDiffers) {
  auto wider = kNote;
  wider[3] = "(\"character varying(20)\",f,\"\",\"\",,)";
  const auto one = schema({kId, kNote, kItems});
  const auto other = schema({kId, wider, kItems});
  EXPECT_NE(one.key, other.key);
  EXPECT_NE(one.parts.at("table public.orders"), other.parts.at("table public.orders"));
  EXPECT_EQ(one.parts.at("table public.items"), other.parts.at("table public.items"));
}

TEST(PostgresSchema, AnEmptyCatalogueIsAStateOfItsOwn) {
  const auto empty = schema({});
  EXPECT_TRUE(empty.parts.empty());
  EXPECT_NE(empty.key, schema({kId}).key);
  EXPECT_NE(empty.key.fingerprint, 0U);
}

TEST(PostgresSchema, HostileCellsAreNeverEqualToGoodOnes) {
  auto null_body = kNote;
  null_body[3] = std::nullopt;
  auto bad_bytes = kNote;
  bad_bytes[3] = "(text\xff\xc0,f)";
  auto huge = kNote;
  huge[3] = std::string(1U << 22U, 'x');
  const auto good = schema({kId, kNote});
  for (const auto& row : {null_body, bad_bytes, huge}) EXPECT_NE(schema({kId, row}).key, good.key);
}

TEST(PostgresSchema, HostileRepliesAreProtocolFailures) {
  EXPECT_EQ(parse_schema(Rows{{"part", "kind", "name"}, {}}).error().reason, Reason::protocol);
  EXPECT_EQ(parse_schema(Rows{}).error().reason, Reason::protocol);
  EXPECT_EQ(parse_schema(catalogue({{"p", "k", "n"}})).error().reason, Reason::protocol);
  for (const std::size_t i : {0U, 1U, 2U}) {
    auto row = kId;
    row[i] = std::nullopt;
    EXPECT_EQ(parse_schema(catalogue({row})).error().reason, Reason::protocol);
  }
}

TEST(PostgresSchema, AViewOfOneTableReadsAlikeInFifteenAndSixteen) {
  EXPECT_EQ(normalised_view(" SELECT orders.id,\n    orders.amount * 2 AS dbl\n"
                            "   FROM public.orders\n  WHERE orders.note <> 'orders.x'::text;"),
            " SELECT id,\n    amount * 2 AS dbl\n"
            "   FROM public.orders\n  WHERE note <> 'orders.x'::text;");
  EXPECT_EQ(normalised_view(" SELECT o.id\n   FROM public.orders o;"),
            " SELECT id\n   FROM public.orders o;");
}

TEST(PostgresSchema, AViewOfSeveralTablesKeepsItsQualifiers) {
  for (const auto* text :
       {" SELECT a.id\n   FROM (public.a\n     JOIN public.b ON ((a.id = b.id)));",
        " SELECT a.id\n   FROM public.a,\n    public.b;",
        " SELECT a.id\n   FROM public.a\nUNION\n SELECT a.x\n   FROM public.a;",
        " SELECT a.id\n   FROM public.a\n  WHERE (EXISTS ( SELECT 1\n           "
        "FROM public.b));",
        " SELECT f.f\n   FROM public.f(1) f(f);", " SELECT 1;", ""}) {
    EXPECT_EQ(normalised_view(text), text);
  }
}

TEST(PostgresSchema, ANameThatOnlyEndsLikeTheTableKeepsItsOwn) {
  EXPECT_EQ(normalised_view(" SELECT reorders.id\n   FROM public.orders;"),
            " SELECT reorders.id\n   FROM public.orders;");
}

TEST(PostgresSchema, AChangedViewDiffers) {
  const auto view = [](const std::string& text) {
    return schema({{"view public.v", "definition", "", text}});
  };
  EXPECT_EQ(view(" SELECT o.id\n   FROM public.o;").key, view(" SELECT id\n   FROM public.o;").key);
  EXPECT_NE(view(" SELECT o.id\n   FROM public.o;").key,
            view(" SELECT o.ix\n   FROM public.o;").key);
}

}  // namespace
}  // namespace mse
