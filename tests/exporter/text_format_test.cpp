// The text format, byte by byte.
#include "exporter/text_format.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

namespace mse {
namespace {

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string label(std::string_view value) {
  std::string out;
  append_labels(out, {{"l", value}});
  return out;
}

constexpr std::array kBounds{0.5, 5.0};

TEST(TextFormat, WritesHelpAndTypeOnceBeforeTheSamplesOfAFamily) {
  TextFormat page;
  page.family("a", MetricType::gauge, "What a is.");
  page.sample("", {}, 1);
  page.sample("", {{"x", "y"}}, 2);
  page.family("b_total", MetricType::counter, "What b is.");
  page.sample("", {}, 3);
  EXPECT_EQ(page.take(),
            "# HELP a What a is.\n# TYPE a gauge\na 1\na{x=\"y\"} 2\n"
            "# HELP b_total What b is.\n# TYPE b_total counter\nb_total 3\n");
}

TEST(TextFormat, AFamilyWithoutSamplesLeavesNoTrace) {
  TextFormat page;
  page.family("a", MetricType::gauge, "Never measured.");
  page.family("b", MetricType::gauge, "Measured.");
  page.sample("", {}, 0);
  EXPECT_EQ(page.take(), "# HELP b Measured.\n# TYPE b gauge\nb 0\n");
}

TEST(TextFormat, JoinsBaseAndOwnLabels) {
  TextFormat page;
  page.family("a", MetricType::gauge, "A.");
  page.sample("s=\"1\"", {}, 1);
  page.sample("s=\"1\"", {{"t", "2"}, {"u", "3"}}, 1);
  EXPECT_EQ(page.take(),
            "# HELP a A.\n# TYPE a gauge\na{s=\"1\"} 1\na{s=\"1\",t=\"2\",u=\"3\"} 1\n");
}

TEST(TextFormat, JoinsLabelsMadeBefore) {
  TextFormat page;
  page.family("a", MetricType::gauge, "A.");
  page.sample_joined("s=\"1\"", "t=\"2\",u=\"3\"", 0.5);
  EXPECT_EQ(page.take(), "# HELP a A.\n# TYPE a gauge\na{s=\"1\",t=\"2\",u=\"3\"} 0.5\n");
}

TEST(TextFormat, AHistogramHasCumulativeBucketsSumAndCount) {
  Histogram times(kBounds);
  times.observe(0.25);
  times.observe(7);
  TextFormat page;
  page.family("t_seconds", MetricType::histogram, "T.");
  page.histogram("s=\"1\"", times);
  EXPECT_EQ(page.take(),
            "# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
            "t_seconds_bucket{s=\"1\",le=\"0.5\"} 1\nt_seconds_bucket{s=\"1\",le=\"5\"} 1\n"
            "t_seconds_bucket{s=\"1\",le=\"+Inf\"} 2\nt_seconds_sum{s=\"1\"} 7.25\n"
            "t_seconds_count{s=\"1\"} 2\n");
}

TEST(TextFormat, AHistogramWithoutLabelsHasBareSumAndCount) {
  TextFormat page;
  page.family("t", MetricType::histogram, "T.");
  page.histogram("", Histogram(kBounds));
  EXPECT_EQ(page.take(),
            "# HELP t T.\n# TYPE t histogram\nt_bucket{le=\"0.5\"} 0\nt_bucket{le=\"5\"} 0\n"
            "t_bucket{le=\"+Inf\"} 0\nt_sum 0\nt_count 0\n");
}

TEST(Numbers, WholeOnesHaveNeitherPointNorExponent) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-3), "-3");
  EXPECT_EQ(number(1000000), "1000000");
  EXPECT_EQ(number(1700000000), "1700000000");
  EXPECT_EQ(number(281474976710655.0), "281474976710655") << "a fingerprint keeps all 48 bits";
}

TEST(Numbers, AreTheShortestThatReadBackTheSame) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number(1e-5), "1e-05");
  EXPECT_EQ(number(1e300), "1e+300");
}

TEST(Numbers, SpellNanAndInfinityAsPrometheusDoes) {
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(number(-std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "-Inf");
}

TEST(Numbers, EveryDoubleReadsBackTheSame) {
  std::mt19937_64 random(20261124);
  for (int round = 0; round < 20000; ++round) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = number(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

TEST(Labels, AreSeparatedByCommas) {
  std::string out;
  append_labels(out, {{"a", "1"}});
  append_labels(out, {{"b", ""}, {"c", "3"}});
  EXPECT_EQ(out, "a=\"1\",b=\"\",c=\"3\"");
}

TEST(Labels, QuotesBackslashesAndNewlinesCannotEndAValue) {
  EXPECT_EQ(label("a\"} 1\nevil 2"), "l=\"a\\\"} 1 evil 2\"");
  EXPECT_EQ(label("C:\\temp\\"), "l=\"C:\\\\temp\\\\\"");
}

TEST(Labels, BytesThatAreNotUtf8AreRepaired) {
  EXPECT_EQ(label("caf\xE9"), "l=\"caf\xEF\xBF\xBD\"");
  EXPECT_EQ(label(std::string_view("a\0b", 3)), "l=\"a b\"");
  EXPECT_EQ(label("größer"), "l=\"größer\"");
}

TEST(Labels, LongOnesAreCappedOnce) {
  const std::string at_the_border = std::string(256, 'x') + "…#01234567";
  EXPECT_EQ(label(at_the_border), "l=\"" + at_the_border + "\"") << "cut before, not cut again";
  EXPECT_LE(label(std::string(100000, 'x')).size(), 290U);
}

}  // namespace
}  // namespace mse
