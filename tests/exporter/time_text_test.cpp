// Durations and instants: what is read, what is refused, what is printed.
#include "exporter/time_text.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(TimeText, ReadsDurations) {
  EXPECT_EQ(parse_duration("15s"), seconds(15));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("1h30m"), minutes(90));
  EXPECT_EQ(parse_duration("2m500ms"), seconds(120) + milliseconds(500));
  EXPECT_EQ(parse_duration("1w2d"), hours(24 * 9));
  EXPECT_EQ(parse_duration("0s"), Duration::zero());
}

TEST(TimeText, RefusesWhatIsNoDuration) {
  for (const auto* text : {"", "15", "s", "-5s", "1.5s", "5 s", "5s ", "30m1h", "5s5s", "5S", "5y",
                           "99999999999999999999s", "5300w", "1000000d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(TimeText, ReadsTimestamps) {
  const Wall expected{seconds(1772366400)};
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00Z"), expected);
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00Z"), expected);
  EXPECT_EQ(parse_timestamp("2026-03-01t14:30:00+02:30"), expected);
  EXPECT_EQ(parse_timestamp("2026-03-01 07:00:00-05:00"), expected);
  EXPECT_EQ(parse_timestamp("2026-03-01T12:00:00.25Z"), expected + milliseconds(250));
  EXPECT_EQ(parse_timestamp("2026-03-01"), expected - hours(12));
}

TEST(TimeText, RefusesWhatIsNoTimestamp) {
  for (const auto* text :
       {"", "2026", "2026-3-1", "2026-13-01", "2026-02-30", "2026-03-01T", "2026-03-01T12:00:00",
        "2026-03-01T25:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:00Zx",
        "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+2", "tomorrow", "1969-01-01"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(TimeText, PrintsTimestampsThatReadBack) {
  EXPECT_EQ(format_timestamp(Wall{seconds(1772366400)}), "2026-03-01T12:00:00Z");
  EXPECT_EQ(format_timestamp(Wall{seconds(1772366400) + milliseconds(999)}),
            "2026-03-01T12:00:00Z");
  EXPECT_EQ(format_timestamp(Wall{}), "1970-01-01T00:00:00Z");
}

TEST(TimeText, PrintsTheTwoLargestUnits) {
  EXPECT_EQ(format_duration(Duration::zero()), "0s");
  EXPECT_EQ(format_duration(milliseconds(20)), "20ms");
  EXPECT_EQ(format_duration(milliseconds(1500)), "1.5s");
  EXPECT_EQ(format_duration(seconds(3)), "3s");
  EXPECT_EQ(format_duration(seconds(41)), "41s");
  EXPECT_EQ(format_duration(seconds(3661)), "1h1m");
  EXPECT_EQ(format_duration(seconds(3601)), "1h");
  EXPECT_EQ(format_duration(hours(50)), "2d2h");
  EXPECT_EQ(format_duration(-seconds(41)), "-41s");
}

}  // namespace
}  // namespace mse
