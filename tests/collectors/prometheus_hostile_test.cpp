// Pages that never end, through the collector: refused by their budgets, in time, memory flat.
#include <gtest/gtest.h>

#include <chrono>

#include "collectors/prometheus.h"
#include "exporter/load_config.h"
#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

Reason reason_of(const std::string& repeats, Duration limit = std::chrono::seconds(20)) {
  Script script;
  script.reads_request = true;
  script.says = "HTTP/1.1 200 OK\r\n\r\n";
  script.repeats = repeats;
  const HostileServer server(script);
  ClientLoop process;
  const auto made = make_prometheus(*parse_options("{}", "f"));
  const auto session = (*made)->open(server.address(), process.environment);
  forget_peak_memory();
  const auto before = resident_bytes();
  const auto report = process.run(session->poll(Depth::narrow, in(limit)));
  EXPECT_LT(peak_resident_bytes(), before + kMemorySlack);
  EXPECT_FALSE(report) << "a hostile page was believed";
  return report ? Reason::internal : report.error().reason;
}

// Also where the budget ends within a line, which was once taken for a broken one.
TEST(PrometheusHostile, APageThatNeverEndsIsTooLarge) {
  std::string comments, others;
  while (comments.size() < 60'000) comments += "# a comment\n";
  while (others.size() < 60'000) others += "other_total{a=\"b\"} 1\n";
  EXPECT_EQ(reason_of(comments), Reason::too_large);
  EXPECT_EQ(reason_of(others), Reason::too_large);
}

TEST(PrometheusHostile, AnEncodedPageIsProtocol) {
  Script script;
  script.reads_request = true;
  script.says = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nup 1\n";
  const HostileServer server(script);
  ClientLoop process;
  const auto made = make_prometheus(*parse_options("{}", "f"));
  const auto session = (*made)->open(server.address(), process.environment);
  const auto report = process.run(session->poll(Depth::narrow, in(std::chrono::seconds(5))));
  ASSERT_FALSE(report) << "an encoded page was read as it is";
  EXPECT_EQ(report.error().reason, Reason::protocol);
}

TEST(PrometheusHostile, ALineThatNeverEndsIsTooLarge) {
  EXPECT_EQ(reason_of(std::string(60'000, 'a')), Reason::too_large);
}

TEST(PrometheusHostile, SeriesWithoutEndOfWhatIsWantedAreTooMany) {
  std::string series;
  for (int i = 0; i < 20'000; ++i)
    series += "events_processed_total{s=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(reason_of(series), Reason::too_large);
}

}  // namespace
}  // namespace mse
