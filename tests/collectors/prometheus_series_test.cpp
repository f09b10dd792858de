// CounterSeries: sums over series that come, go and begin anew.
#include "collectors/prometheus_series.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mse {
namespace {

using Values = std::map<std::string, double>;  // by label

struct CounterSeriesTest : ::testing::Test {
  CounterSeries series{[](std::string_view name) { return name == "r_total"; }};

  static PrometheusSample sample(const std::string& label, double value,
                                 const std::string& name = "r_total") {
    return {name, {{"route", label}}, value};
  }
  // The sum of what is given for a page.
  double sum(const Values& page) {
    std::vector<PrometheusSample> samples;
    for (const auto& [label, value] : page) samples.push_back(sample(label, value));
    double sum = 0;
    for (const auto& given : series.settled(samples)) sum += given.value;
    return sum;
  }
};

TEST_F(CounterSeriesTest, TheFirstIsTheBaseline) {
  EXPECT_EQ(sum({{"a", 1e9}, {"b", 5}}), 0);
  EXPECT_EQ(sum({{"a", 1e9 + 3}, {"b", 6}}), 4);
}

TEST_F(CounterSeriesTest, ASeriesThatGoesTakesNothingAlongAndMayComeBack) {
  sum({{"a", 1e9}, {"b", 50}});
  EXPECT_EQ(sum({{"a", 1e9 + 3}, {"b", 60}}), 13);
  EXPECT_EQ(sum({{"a", 1e9 + 4}}), 14);
  EXPECT_EQ(sum({{"a", 1e9 + 4}}), 14);
  EXPECT_EQ(sum({{"a", 1e9 + 4}, {"b", 61}}), 15) << "it was only not told";
  EXPECT_EQ(sum({{"a", 1e9 + 4}, {"b", 2}}), 17) << "it began anew";
}

TEST_F(CounterSeriesTest, ASeriesThatComesLaterCountsWhole) {
  sum({{"a", 10}});
  EXPECT_EQ(sum({{"a", 10}, {"b", 7}}), 7);
  EXPECT_EQ(sum({{"a", 12}, {"b", 8}}), 10);
}

TEST_F(CounterSeriesTest, AProcessThatBeganAnewCountsFromZero) {
  sum({{"a", 1000}, {"b", 500}});
  sum({{"a", 1100}, {"b", 500}});
  EXPECT_EQ(sum({{"a", 5}, {"b", 1}}), 106);
  EXPECT_EQ(sum({{"a", 6}}), 107);
}

TEST_F(CounterSeriesTest, WhatIsNoCounterOrNoCountStaysAsItIs) {
  series.settled({sample("a", 5)});
  const auto given = series.settled({sample("a", std::nan("")), sample("g", 4, "gauge")});
  ASSERT_EQ(given.size(), 3U);
  EXPECT_TRUE(std::isnan(given[0].value));
  EXPECT_EQ(given[1].value, 4);
  EXPECT_EQ(given[2].value, 0) << "what was known of it";
}

TEST_F(CounterSeriesTest, LabelsAreNotMistakenForEachOther) {
  const PrometheusSample one{"r_total", {{"a", "b"}, {"c", "d"}}, 1};
  const PrometheusSample other{"r_total", {{"a", "bc"}, {"d", ""}}, 2};
  series.settled({one, other});
  EXPECT_EQ(series.settled({one, other}).size(), 2U);
}

TEST_F(CounterSeriesTest, SeriesThatChangeAtEveryPollDoNotPileUp) {
  std::size_t most = 0;
  for (int poll = 0; poll < 30; ++poll) {
    std::vector<PrometheusSample> samples;
    for (int i = 0; i < 1000; ++i) samples.push_back(sample(std::to_string(1000 * poll + i), 1));
    most = std::max(most, series.settled(samples).size());
  }
  EXPECT_LE(most, 12'000U);
  EXPECT_GE(most, 10'000U);
}

}  // namespace
}  // namespace mse
