// The exporter's metrics of itself, and what it reads of its process.
#include "exporter/self_metrics.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/exposition_reader.h"

namespace mse {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

constexpr Wall kNow{std::chrono::seconds(1700000000)};

std::map<std::string, double> series(const SelfMetrics& self, const ProcessStats& process = {}) {
  const ReadPage page = read_exposition(self.text(process, kNow));
  EXPECT_EQ(page.error, "");
  return page.series;
}

TEST(SelfMetrics, NameTheVersionTheShardAndTheSnapshot) {
  ExpositionSettings settings;
  settings.shard = "1";
  settings.shards = 3;
  const auto all = series(SelfMetrics("0.1.0", settings));
  EXPECT_THAT(all, Contains(Pair("mixed_state_exporter_build_info{version=\"0.1.0\"}", 1)));
  EXPECT_THAT(all, Contains(Pair("mixed_state_exporter_shards{shard=\"1\"}", 3)));
  EXPECT_THAT(all, Contains(Pair("mixed_state_snapshot_timestamp_seconds", 1700000000)));
}

TEST(SelfMetrics, AReloadThatFailsKeepsTheTimeOfTheLastGoodOne) {
  SelfMetrics self("v", {});
  self.reloaded(true, kNow);
  self.reloaded(false, kNow + std::chrono::hours(1));
  const auto all = series(self);
  EXPECT_THAT(all, Contains(Pair("mixed_state_config_last_reload_successful", 0)));
  EXPECT_THAT(
      all, Contains(Pair("mixed_state_config_last_reload_success_timestamp_seconds", 1700000000)));
}

TEST(SelfMetrics, CountAnswersByCodeFromZeroOn) {
  SelfMetrics self("v", {});
  self.answered(200);
  self.answered(200);
  const auto all = series(self);
  EXPECT_THAT(all, Contains(Pair("mixed_state_exporter_http_requests_total{code=\"200\"}", 2)));
  EXPECT_THAT(all, Contains(Pair("mixed_state_exporter_http_requests_total{code=\"503\"}", 0)));
}

TEST(SelfMetrics, CountStorageErrorsByReasonFromZeroOn) {
  SelfMetrics self("v", {});
  self.storage_failed(StorageError::full);
  const auto all = series(self);
  EXPECT_THAT(all, Contains(Pair("mixed_state_storage_errors_total{reason=\"full\"}", 1)));
  EXPECT_THAT(all, Contains(Pair("mixed_state_storage_errors_total{reason=\"corrupt\"}", 0)));
}

TEST(SelfMetrics, CountDroppedSeries) {
  SelfMetrics self("v", {});
  EXPECT_THAT(series(self),
              Contains(Pair("mixed_state_series_dropped_total{reason=\"limit\"}", 0)));
  self.dropped(18);
  EXPECT_THAT(series(self),
              Contains(Pair("mixed_state_series_dropped_total{reason=\"limit\"}", 18)));
}

TEST(SelfMetrics, WhatTheSystemDoesNotSayIsAbsent) {
  SelfMetrics self("v", {});
  ProcessStats process;
  process.open_fds = 7;
  const auto all = series(self, process);
  EXPECT_THAT(all, Contains(Pair("process_open_fds", 7)));
  EXPECT_THAT(all, Not(Contains(Key("process_cpu_seconds_total"))));
}

TEST(Process, SaysWhenItStartedAndWhatItHolds) {
  const ProcessStats before = read_process_stats();
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(before.start_time_seconds.value(), now, 600);
  EXPECT_GT(before.resident_bytes.value(), 1e6);
  EXPECT_GE(before.cpu_seconds.value(), 0);
  EXPECT_GE(before.max_fds.value(), before.open_fds.value());
  const std::ifstream one_more("/proc/self/stat");
  EXPECT_EQ(read_process_stats().open_fds.value(), before.open_fds.value() + 1);
}

}  // namespace
}  // namespace mse
