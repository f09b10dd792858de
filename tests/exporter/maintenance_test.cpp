// Maintenance windows: weekly in a zone, over midnight, through clock changes, and single ones.
#include "exporter/maintenance.h"

#include <gtest/gtest.h>

#include "exporter/time_text.h"

namespace mse {
namespace {

using std::chrono::hours;

Maintenance weekly(int weekday, hours begins, hours ends, std::string zone = "UTC") {
  Maintenance window;
  window.services = {"orders"};
  window.weekday = weekday;
  window.begins = begins;
  window.ends = ends;
  window.timezone = std::move(zone);
  window.why = "vacuum";
  return window;
}

// The end of the open window, "" when none is.
std::string end_at(const std::vector<Maintenance>& windows, const std::string& now,
                   const std::string& service = "orders") {
  const auto open = open_maintenance(windows, service, parse_timestamp(now).value());
  return open ? format_timestamp(open->end) : "";
}

TEST(Maintenance, WeeklyIsOpenFromItsBeginUntilItsEnd) {
  const auto sunday = weekly(0, hours(2), hours(4));
  EXPECT_EQ(end_at({sunday}, "2026-03-01T01:59:59Z"), "");
  EXPECT_EQ(end_at({sunday}, "2026-03-01T02:00:00Z"), "2026-03-01T04:00:00Z");
  EXPECT_EQ(end_at({sunday}, "2026-03-01T03:59:59Z"), "2026-03-01T04:00:00Z");
  EXPECT_EQ(end_at({sunday}, "2026-03-01T04:00:00Z"), "");
  EXPECT_EQ(end_at({sunday}, "2026-03-02T03:00:00Z"), "");
}

TEST(Maintenance, IsInItsTimeZone) {
  const auto berlin = weekly(0, hours(2), hours(4), "Europe/Berlin");
  EXPECT_EQ(end_at({berlin}, "2026-02-01T01:30:00Z"), "2026-02-01T03:00:00Z");
  EXPECT_EQ(end_at({berlin}, "2026-07-05T00:30:00Z"), "2026-07-05T02:00:00Z");
}

TEST(Maintenance, AnEndBeforeItsBeginIsTheNextDays) {
  const auto night = weekly(6, hours(23), hours(1));
  EXPECT_EQ(end_at({night}, "2026-02-28T23:30:00Z"), "2026-03-01T01:00:00Z");
  EXPECT_EQ(end_at({night}, "2026-03-01T00:30:00Z"), "2026-03-01T01:00:00Z");
  EXPECT_EQ(end_at({night}, "2026-02-28T00:30:00Z"), "");
}

TEST(Maintenance, BeginningInAnHourThatTheZoneSkipsOpensAtTheChange) {
  const auto berlin = weekly(0, hours(2), hours(4), "Europe/Berlin");
  EXPECT_EQ(end_at({berlin}, "2026-03-29T00:59:00Z"), "");
  EXPECT_EQ(end_at({berlin}, "2026-03-29T01:00:00Z"), "2026-03-29T02:00:00Z");
}

TEST(Maintenance, EndingInAnHourThatTheZoneRepeatsEndsAtTheLater) {
  const auto berlin = weekly(0, hours(1), hours(2), "Europe/Berlin");
  EXPECT_EQ(end_at({berlin}, "2026-10-25T00:30:00Z"), "2026-10-25T01:00:00Z");
}

TEST(Maintenance, OnceIsOpenBetweenItsInstants) {
  Maintenance window;
  window.services = {"orders"};
  window.once = {parse_timestamp("2026-03-01T02:00:00Z").value(),
                 parse_timestamp("2026-03-03").value()};
  EXPECT_EQ(end_at({window}, "2026-03-01T01:59:59Z"), "");
  EXPECT_EQ(end_at({window}, "2026-03-02T12:00:00Z"), "2026-03-03T00:00:00Z");
  EXPECT_EQ(end_at({window}, "2026-03-03T00:00:00Z"), "");
}

TEST(Maintenance, OfSeveralTheOneThatEndsLast) {
  const std::vector windows{weekly(0, hours(2), hours(4)), weekly(0, hours(1), hours(6)),
                            weekly(0, hours(2), hours(3))};
  EXPECT_EQ(end_at(windows, "2026-03-01T02:30:00Z"), "2026-03-01T06:00:00Z");
}

TEST(Maintenance, CoversOnlyTheServicesItNames) {
  EXPECT_EQ(end_at({weekly(0, hours(2), hours(4))}, "2026-03-01T02:30:00Z", "other"), "");
}

}  // namespace
}  // namespace mse
