// The text format of Prometheus: what is right, what is broken, what is too much, however it is
// cut.
#include "collectors/prometheus_page.h"

#include <gmock/gmock.h>

#include <cmath>

namespace mse {
namespace {

using testing::ElementsAre;
using testing::Pair;

Polled<std::vector<PrometheusSample>> parse(std::string_view page, PrometheusLimits limits = {},
                                            std::size_t cut = 1U << 20U) {
  PrometheusPage parser([](std::string_view name) { return name.starts_with("kept"); }, limits);
  for (; !page.empty(); page.remove_prefix(std::min(cut, page.size())))
    if (!parser.feed(page.substr(0, cut))) break;
  return parser.finish();
}

Reason refused(std::string_view page, PrometheusLimits limits = {}) {
  const auto samples = parse(page, limits);
  EXPECT_FALSE(samples) << page;
  return samples ? Reason::internal : samples.error().reason;
}

TEST(PrometheusPage, KeepsOnlyWhatIsWanted) {
  const auto samples = parse(
      "# HELP kept_total Things.\n# TYPE kept_total counter\n"
      "kept_total{a=\"1\",b=\"x\\\\y\\\"z\\n\",} 3 1700000000000\n"
      "other_total{broken 4\n\n"
      "kept_bare 1.5e3\r\n"
      "kept_open_total{a=\"1\"} 7 # {trace=\"9\"} 1\n# EOF\n");
  ASSERT_TRUE(samples) << samples.error().text;
  ASSERT_EQ(samples->size(), 3U);
  EXPECT_EQ((*samples)[0].name, "kept_bare");
  EXPECT_EQ((*samples)[0].value, 1500);
  EXPECT_EQ((*samples)[1].value, 7);
  EXPECT_THAT((*samples)[2].labels, ElementsAre(Pair("a", "1"), Pair("b", "x\\y\"z\n")));
}

TEST(PrometheusPage, SpecialNumbersAreRead) {
  const auto samples = parse("kept_a NaN\nkept_b +Inf\nkept_c -Inf\nkept_d +1\n");
  ASSERT_TRUE(samples);
  EXPECT_TRUE(std::isnan((*samples)[0].value));
  EXPECT_TRUE(std::isinf((*samples)[1].value));
  EXPECT_LT((*samples)[2].value, 0);
  EXPECT_EQ((*samples)[3].value, 1);
}

TEST(PrometheusPage, ALastLineWithoutEndCounts) {
  const auto samples = parse("kept 1");
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->size(), 1U);
}

TEST(PrometheusPage, AnySplitOfTheBytesGivesTheSame) {
  const std::string page = "kept{a=\"b\"} 1\nother 2\nkept{a=\"c\"} 3\r\n# c\nkept_last 4";
  for (std::size_t cut = 1; cut < page.size(); ++cut) {
    const auto samples = parse(page, {}, cut);
    ASSERT_TRUE(samples) << cut;
    ASSERT_EQ(samples->size(), 3U) << cut;
    EXPECT_EQ(samples->back().value, 4) << cut;
  }
}

TEST(PrometheusPage, BrokenLinesAreProtocol) {
  for (const auto* page :
       {"<html>\n", "kept\n", "kept{ 1\n", "kept{a} 1\n", "kept{a=\"1} 1\n", "kept{a=\"1\"\n",
        "kept{a=\"1\" b=\"2\"} 1\n", "kept{a=\"1\",a=\"2\"} 1\n", "kept one\n", "kept 1 2 3\n",
        "kept 1 x\n", "kept-1 2\n", "kept{a=\"\\", "1 2\n", "kept{,} 1\n"})
    EXPECT_EQ(refused(page), Reason::protocol) << page;
}

TEST(PrometheusPage, TheSameSeriesTwiceIsProtocol) {
  EXPECT_EQ(refused("kept{a=\"1\"} 1\nkept{a=\"1\"} 2\n"), Reason::protocol);
}

TEST(PrometheusPage, ALineWithoutEndIsTooLarge) {
  EXPECT_EQ(refused(std::string(100, 'x'), {64, 10, 10}), Reason::too_large);
}

TEST(PrometheusPage, TooManySeriesAreTooLarge) {
  EXPECT_EQ(refused("kept_a 1\nkept_b 1\nkept_c 1\n", {64, 2, 10}), Reason::too_large);
}

TEST(PrometheusPage, ManySeriesOfOthersCostNothing) {
  std::string page;
  for (int i = 0; i < 20'000; ++i) page += "other{a=\"" + std::to_string(i) + "\"} 1\n";
  const auto samples = parse(page + "kept 1\n");
  ASSERT_TRUE(samples);
  EXPECT_EQ(samples->size(), 1U);
}

}  // namespace
}  // namespace mse
