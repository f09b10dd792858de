// Hostile bytes in, safe text out.
#include "exporter/text.h"

#include <gtest/gtest.h>

#include <random>

namespace mse {
namespace {

TEST(Text, ValidUtf8PassesUnchanged) {
  EXPECT_EQ(repaired("15.4 – größer 日本 🚀"), "15.4 – größer 日本 🚀");
  EXPECT_EQ(repaired(""), "");
}

TEST(Text, EachInvalidByteBecomesOneReplacement) {
  EXPECT_EQ(repaired("a\xFF\xFE"
                     "b"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(repaired("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(repaired("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogate";
  EXPECT_EQ(repaired("\xF0\x9F\x9A"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
  EXPECT_EQ(repaired("\xF4\x90\x80\x80").size(), 12U) << "beyond U+10FFFF";
}

TEST(Text, ControlCharactersBecomeSpaces) {
  using namespace std::string_view_literals;
  EXPECT_EQ(repaired("a\n\x1b[31mb\0c\x7f"sv), "a  [31mb c ");
}

TEST(Repaired, C1ControlsAndLineSeparatorsDoNotGetThrough) {
  EXPECT_EQ(repaired("a\u0080b\u009Bc\u009Fd"), "a b c d");
  EXPECT_EQ(repaired("a\u2028b\u2029c"), "a b c");
  EXPECT_EQ(repaired("\u00A0\u2027\u202A"), "\u00A0\u2027\u202A") << "their neighbours stay";
}

TEST(Text, LongTextIsCutOnACharacterBorderAndStaysDistinct) {
  const std::string a = std::string(255, 'x') + "ü1";
  const std::string b = std::string(255, 'x') + "ü2";
  EXPECT_EQ(repaired(a).substr(0, 255), std::string(255, 'x'));
  EXPECT_NE(repaired(a), repaired(b));
  EXPECT_LE(repaired(a).size(), 268U);
  EXPECT_EQ(repaired(repaired(a), 268), repaired(a)) << "the result is itself valid";
}

TEST(Text, RepairOfArbitraryBytesIsIdempotent) {
  std::mt19937 random(20261124);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string once = repaired(bytes);
    EXPECT_EQ(repaired(once), once);
  }
}

TEST(Text, LabelValuesAreEscaped) {
  EXPECT_EQ(escaped_label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  EXPECT_EQ(escaped_label("plain"), "plain");
}

}  // namespace
}  // namespace mse
