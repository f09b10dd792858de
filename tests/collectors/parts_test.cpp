// Parts of a state: order-free, framed, hostile bytes and NULL kept apart; and cells read with
// distrust.
#include "collectors/parts.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

std::map<std::string, std::string> digests_of(const std::vector<std::vector<Cell>>& rows) {
  Parts parts;
  for (const auto& row : rows) parts.add("p", row);
  return parts.digests();
}

TEST(PostgresParts, OrderOfRowsDoesNotMatter) {
  EXPECT_EQ(digests_of({{"a"}, {"b"}}), digests_of({{"b"}, {"a"}}));
}

TEST(PostgresParts, NoTwoListsOfFieldsReadAlike) {
  EXPECT_NE(digests_of({{"ab", "c"}}), digests_of({{"a", "bc"}}));
  EXPECT_NE(digests_of({{"a"}, {"b"}}), digests_of({{"a", "b"}}));
  EXPECT_NE(digests_of({{std::nullopt}}), digests_of({{""}}));
  EXPECT_NE(digests_of({{std::nullopt}}), digests_of({{"-"}}));
  EXPECT_NE(digests_of({{"a"}}), digests_of({{"a"}, {"a"}}));
}

TEST(PostgresParts, NamesAreRepairedAndCappedButStayApart) {
  Parts parts;
  parts.add("bad\xff\n", {"x"});
  parts.add(std::string(5000, 'n') + "1", {"x"});
  parts.add(std::string(5000, 'n') + "2", {"x"});
  const auto digests = parts.digests();
  EXPECT_EQ(digests.size(), 3U);
  EXPECT_TRUE(digests.contains("bad\xEF\xBF\xBD "));
  for (const auto& [part, digest] : digests) EXPECT_LT(part.size(), 250U);
}

TEST(PostgresParts, PartsThatReadAlikeAfterRepairAreBothCounted) {
  Parts one, both;
  one.add("t\xff", {"x"});
  both.add("t\xff", {"x"});
  both.add("t\xfe", {"y"});
  EXPECT_NE(one.digests(), both.digests());
}

TEST(PostgresParts, AStateIsNamedByItsFingerprint) {
  const auto state = state_of("test/1", {{"a", "1"}});
  EXPECT_EQ(state.text.size(), 8U);
  EXPECT_NE(state.text, state_of("test/2", {{"a", "1"}}).text);
  EXPECT_NE(state.key, state_of("test/1", {{"b", "1"}}).key);
}

TEST(PostgresParts, RowsWithoutAPartAreAProtocolFailure) {
  EXPECT_EQ(state_of_rows("test/1", Rows{{"x"}, {{"1"}}}).error().reason, Reason::protocol);
  EXPECT_EQ(state_of_rows("test/1", Rows{{"part", "x"}, {{std::nullopt, "1"}}}).error().reason,
            Reason::protocol);
  EXPECT_EQ(state_of_rows("test/1", Rows{{"part", "x"}, {{"p"}}}).error().reason, Reason::protocol);
}

TEST(PostgresCells, GivesTheNamedColumnsInTheOrderAskedFor) {
  const auto cells =
      cells_of(Rows{{"a", "b", "c"}, {{"1", "2", std::nullopt}}}, {"c", "a"}, 0).value();
  EXPECT_EQ(cells[0], (std::vector<Cell>{std::nullopt, "1"}));
}

TEST(PostgresCells, NumbersAreNothingWhenNotWhollyNumbers) {
  EXPECT_EQ(whole_number("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(real_number("-1.5e1"), -15.0);
  for (const auto* text : {"", " 1", "1 ", "-1", "+1", "0x1", "18446744073709551616", "1\xff"}) {
    EXPECT_EQ(whole_number(text), std::nullopt) << text;
  }
  for (const auto* text : {"", "nan", "inf", "1e999", "1,5", "1 "}) {
    EXPECT_EQ(real_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mse
