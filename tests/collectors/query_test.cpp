// Rows of a user's query as states and measures, and statements that are refused.
#include "collectors/query.h"

#include <gmock/gmock.h>

#include "exporter/time_text.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;
using Cells = std::vector<std::vector<std::optional<std::string>>>;

State state(Rows rows) {
  const auto reading = query_state(std::move(rows), "key");
  EXPECT_TRUE(reading) << reading.error().text;
  const auto* found = reading ? std::get_if<State>(&reading->outcome) : nullptr;
  EXPECT_NE(found, nullptr);
  return found != nullptr ? *found : State{};
}

Measures measures(const Rows& rows) {
  auto read = query_measures(rows);
  EXPECT_TRUE(read) << read.error().text;
  return read.value_or(Measures{});
}

std::string refused(const Rows& rows) {
  const auto read = query_measures(rows);
  if (read) return "";
  EXPECT_EQ(read.error().reason, Reason::protocol);
  return read.error().text;
}

TEST(QueryState, PairsAreNamedPartsInAnyOrder) {
  const auto one = state({{"key", "value"}, {{"a", "1"}, {"b", "2"}}});
  EXPECT_EQ(one.key, state({{"value", "key"}, {{"2", "b"}, {"1", "a"}}}).key);
  const auto other = state({{"key", "value"}, {{"a", "1"}, {"b", "3"}}});
  EXPECT_THAT(one.parts, UnorderedElementsAre(Key("a"), Key("b")));
  EXPECT_EQ(one.parts.at("a"), other.parts.at("a"));
  EXPECT_NE(one.parts.at("b"), other.parts.at("b"));
  const auto null = state({{"key", "value"}, {{"a", std::nullopt}}});
  EXPECT_NE(null.key, state({{"key", "value"}, {{"a", ""}}}).key);
}

TEST(QueryState, OneValueIsItsOwnText) {
  EXPECT_EQ(state({{"version"}, {{"41"}}}).text, "41");
  EXPECT_NE(state({{"version"}, {{"41"}}}).key, state({{"version"}, {{"42"}}}).key);
}

TEST(QueryState, OneValueThatReadsLikeASecretIsNotShown) {
  const auto one = state({{"dsn"}, {{"postgres://app:canary@db/x"}}});
  EXPECT_EQ(one.text.find("canary"), std::string::npos);
  const auto other = state({{"dsn"}, {{"postgres://app:other@db/x"}}});
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key, other.key);
}

TEST(QueryState, NoRowsAreAbsent) {
  const Rows all[] = {{{"v"}, {}}, {{"key", "value"}, {}}, {{"v"}, {{std::nullopt}}}};
  for (const auto& rows : all)
    EXPECT_TRUE(std::holds_alternative<Absent>(query_state(rows, "key")->outcome));
}

TEST(QueryState, SecretsStayOutOfTheFingerprint) {
  const auto one = state({{"key", "value"}, {{"api_token", "canary-1"}}});
  const auto other = state({{"key", "value"}, {{"api_token", "canary-2"}}});
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key, other.key);
}

TEST(QueryState, WhatIsNoStateNamesItsColumn) {
  EXPECT_THAT(query_state({{"a", "b"}, {}}, "k").error().text, HasSubstr("`key` and `value`"));
  EXPECT_THAT(query_state({{"v"}, {{"1"}, {"2"}}}, "k").error().text, HasSubstr("`v` alone"));
  EXPECT_THAT(query_state({{"key", "value", "x"}, {}}, "k").error().text, HasSubstr("`x`"));
  const auto null = query_state({{"key", "value"}, {{std::nullopt, "1"}}}, "k");
  EXPECT_EQ(null.error().reason, Reason::protocol);
}

TEST(QueryState, MoreRowsThanItsBudgetAreTooLarge) {
  const Rows rows{{"key", "value"}, Cells(kQueryRows + 1, {"a", "1"})};
  EXPECT_EQ(query_state(rows, "k").error().reason, Reason::too_large);
  EXPECT_EQ(query_measures(rows).error().reason, Reason::too_large);
}

TEST(QueryMeasures, AJobTableGivesAReconciliationAKind) {
  const auto all =
      measures({{"kind", "succeeded", "failed", "pending_items", "mismatched_items",
                 "oldest_pending_seconds", "last_duration_seconds", "last_success"},
                {{"nightly", "7", "1", "3", "0", "12.5", "2", "2026-11-24 19:00:00+00"},
                 {"ledger", "9", "0", std::nullopt, "0", std::nullopt, "1.25",
                  "2026-11-24 21:30:00.5+02:30"}}});
  ASSERT_THAT(all.reconciliations, UnorderedElementsAre(Key("nightly"), Key("ledger")));
  const auto& nightly = all.reconciliations.at("nightly");
  EXPECT_EQ(nightly.succeeded, 7U);
  EXPECT_EQ(nightly.failed, 1U);
  EXPECT_EQ(nightly.pending_items, 3U);
  EXPECT_EQ(nightly.mismatched_items, 0U);
  EXPECT_EQ(nightly.processed_items, std::nullopt);
  EXPECT_EQ(nightly.oldest_pending, std::chrono::milliseconds(12'500));
  EXPECT_EQ(nightly.last_duration, std::chrono::seconds(2));
  EXPECT_EQ(nightly.last_success, parse_timestamp("2026-11-24T19:00:00Z"));
  const auto& ledger = all.reconciliations.at("ledger");
  EXPECT_EQ(ledger.pending_items, std::nullopt);
  EXPECT_EQ(ledger.oldest_pending, std::nullopt);
  EXPECT_EQ(ledger.last_success, parse_timestamp("2026-11-24T19:00:00.5Z"));
}

TEST(QueryMeasures, StreamsAndTotalsAreTakenByName) {
  const auto all = measures(
      {{"stream", "events", "duplicates", "valid_schemas", "schema_errors", "allowed", "denied"},
       {{"payments", "100", "2", "5", "1", "80", "20"}}});
  EXPECT_EQ(all.streams.at("payments").events, 100U);
  EXPECT_EQ(all.streams.at("payments").duplicates, 2U);
  EXPECT_EQ(all.valid_schemas, 5U);
  EXPECT_EQ(all.schema_errors, 1U);
  EXPECT_EQ(all.allowed, 80U);
  EXPECT_EQ(all.denied, 20U);
  EXPECT_TRUE(all.reconciliations.empty());
  EXPECT_TRUE(all.of_rows) << "what falls was deleted, not reset";
}

TEST(QueryMeasures, WrongColumnsAreNamed) {
  EXPECT_THAT(refused({{"kind", "sucseeded"}, {}}), HasSubstr("`sucseeded` is no measure"));
  for (const auto* cell : {"-1", "1.5", "", "many", "99999999999999999999999"})
    EXPECT_THAT(refused({{"kind", "failed"}, {{"a", cell}}}), HasSubstr("`failed`")) << cell;
  for (const auto* cell : {"-1", "nan", "1e30", ""})
    EXPECT_THAT(refused({{"kind", "last_duration_seconds"}, {{"a", cell}}}),
                HasSubstr("`last_duration_seconds`"))
        << cell;
  for (const auto* cell : {"24.11.2026 19:00", "infinity", "2026-11-24", ""})
    EXPECT_THAT(refused({{"kind", "last_success"}, {{"a", cell}}}), HasSubstr("`last_success`"))
        << cell;
  EXPECT_THAT(refused({{"failed"}, {{"1"}}}), HasSubstr("`kind` is missing"));
  EXPECT_THAT(refused({{"stream", "events"}, {{std::nullopt, "1"}}}), HasSubstr("`stream`"));
  EXPECT_THAT(refused({{"kind", "failed"}, {{"a", "1"}, {"a", "2"}}}), HasSubstr("same `kind`"));
  EXPECT_THAT(refused({{"allowed"}, {{"1"}, {"2"}}}), HasSubstr("need one row"));
}

TEST(QueryMeasures, SixtyFourKindsAreEnough) {
  Rows rows{{"kind", "failed"}, {}};
  for (int i = 0; i <= 64; ++i) rows.rows.push_back({std::to_string(i), "0"});
  EXPECT_THAT(refused(rows), HasSubstr("more than 64"));
}

TEST(QueryStatement, OneReadingStatementIsTaken) {
  for (const auto* sql :
       {"SELECT 1", "  -- why\n/* and */ with a AS (SELECT ';') SELECT * FROM a", "(VALUES (1))",
        "table x", "SELECT $$;$$, $t$ $$; $t$, \"a;b\", 'it''s;'", "SELECT 1 -- ; not here"})
    EXPECT_EQ(wrong_statement(sql), "") << sql;
}

TEST(QueryStatement, AnythingElseIsRefused) {
  for (const auto* sql : {"", "DELETE FROM t", "SHOW work_mem", "SELECT 1; SELECT 2", "; SELECT 1",
                          "selection", "CALL f()"})
    EXPECT_NE(wrong_statement(sql), "") << sql;
}

}  // namespace
}  // namespace mse
