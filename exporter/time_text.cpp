// Parsing and printing of durations and instants.
#include "exporter/time_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array<Unit, 6> kUnits{{{"w", hours(24 * 7)},
                                      {"d", hours(24)},
                                      {"h", hours(1)},
                                      {"m", minutes(1)},
                                      {"s", seconds(1)},
                                      {"ms", milliseconds(1)}}};
constexpr Duration kLongest = hours(24 * 36525);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits at the front of `text`, at most `most` (18 fit) of them, taken off it; nothing without
// any.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t most) {
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  std::int64_t value = 0;
  for (; most > 0 && !text.empty() && is_digit(text.front()); --most) {
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// Exactly `digits` digits between `low` and `high`.
std::optional<int> take_field(std::string_view& text, std::size_t digits, int low, int high) {
  const auto before = text.size();
  const auto value = take_number(text, digits);
  if (!value || before - text.size() != digits || *value < low || *value > high)
    return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_field(text, 4, 1970, 9999);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_field(text, 2, 1, 12);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_field(text, 2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<Duration> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return Duration::zero();
  const auto before = text.size();
  const auto value = take_number(text, 9);
  if (!value) return std::nullopt;
  auto length = *value;
  for (auto digits = before - text.size(); digits < 9; ++digits) length *= 10;
  return Duration(length);
}

std::optional<Duration> take_time(std::string_view& text) {
  const auto hour = take_field(text, 2, 0, 23);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_field(text, 2, 0, 59);
  if (!minute) return std::nullopt;
  const Duration whole = hours(*hour) + minutes(*minute);
  if (!take(text, ':')) return whole;
  const auto second = take_field(text, 2, 0, 60);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  return whole + seconds(*second) + *fraction;
}

std::optional<Duration> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return Duration::zero();
  const bool west = take(text, '-');
  if (!west && !take(text, '+')) return std::nullopt;
  const auto hour = take_field(text, 2, 0, 23);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_field(text, 2, 0, 59);
  if (!minute) return std::nullopt;
  const Duration offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

// The unit at the front of `text`, smaller than unit number `after`: "ms" before "m".
std::optional<std::size_t> take_unit(std::string_view& text, std::size_t after) {
  for (std::size_t i = kUnits.size(); i-- > after;) {
    if (!text.starts_with(kUnits.at(i).name)) continue;
    text.remove_prefix(kUnits.at(i).name.size());
    return i;
  }
  return std::nullopt;
}

std::string padded(unsigned value, std::size_t width) {
  auto text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

std::string below_ten_seconds(Duration length) {
  const auto whole = std::chrono::duration_cast<milliseconds>(length).count();
  if (whole < 1000) return whole == 0 ? "0s" : std::to_string(whole) + "ms";
  const auto tenths = whole / 100;
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + "s";
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  Duration total{};
  std::size_t after = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text, 18);
    if (!number) return std::nullopt;
    const auto unit = take_unit(text, after);
    if (!unit) return std::nullopt;
    const Duration length = kUnits.at(*unit).length;
    if (*number > (kLongest - total) / length) return std::nullopt;
    total += length * *number;
    after = *unit + 1;
  }
  return total;
}

std::optional<Wall> parse_timestamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  Duration since_midnight{};
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    since_midnight = *time - *offset;
  }
  return std::chrono::time_point_cast<Wall::duration>(*date) +
         std::chrono::duration_cast<Wall::duration>(since_midnight);
}

std::string format_timestamp(Wall at) {
  const auto whole = std::chrono::floor<seconds>(at);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(whole - day);
  const auto two = [](auto count) { return padded(static_cast<unsigned>(count), 2); };
  return padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
         "T" + two(time.hours().count()) + ":" + two(time.minutes().count()) + ":" +
         two(time.seconds().count()) + "Z";
}

std::string format_duration(Duration length) {
  if (length < Duration::zero()) return "-" + format_duration(-length);
  if (length < seconds(10)) return below_ten_seconds(length);
  std::string text;
  int shown = 0;
  for (const auto& unit : kUnits) {
    const auto count = length / unit.length;
    length %= unit.length;
    if (unit.length < seconds(1) || shown == 2) break;
    if (count != 0) text += std::to_string(count) + std::string(unit.name);
    if (count != 0 || shown != 0) ++shown;
  }
  return text;
}

}  // namespace mse
