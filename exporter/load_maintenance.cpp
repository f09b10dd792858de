// Reads weekly windows ("Sun 02:00-04:00" in a time zone) and single ones (from, until).
#include "exporter/load_maintenance.h"

#include <date/tz.h>

#include <array>
#include <stdexcept>

#include "exporter/load_values.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using std::chrono::minutes;
using Shape = Options::Shape;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<int> two_digits(std::string_view text) {
  if (text.size() != 2 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

// "02:00", up to "24:00".
std::optional<minutes> parse_time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2));
  const auto minute = two_digits(text.substr(3));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  const minutes time(*hour * 60 + *minute);
  return time <= minutes(24 * 60) ? std::optional(time) : std::nullopt;
}

// Fills in weekday, begin and end of "Sun 02:00-04:00"; false when it is anything else.
bool parse_weekly(std::string_view text, Maintenance& window) {
  if (text.size() != 15 || text[3] != ' ' || text[9] != '-') return false;
  const auto begins = parse_time_of_day(text.substr(4, 5));
  const auto ends = parse_time_of_day(text.substr(10));
  if (!begins || !ends || *begins == *ends || *begins == minutes(24 * 60)) return false;
  window.begins = *begins;
  window.ends = *ends;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    window.weekday = static_cast<int>(day);
    if (kDays.at(day) == text.substr(0, 3)) return true;
  }
  return false;
}

bool is_zone(const std::string& name) {
  try {
    // A file of the database that holds no zone throws only when it is used.
    date::locate_zone(name)->get_info(date::sys_seconds{});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void read_weekly(Options& options, Maintenance& window) {
  const auto weekly = options.text("weekly");
  if (weekly && !parse_weekly(*weekly, window))
    options.wrong("weekly", "a day and times such as \"Sun 02:00-04:00\"");
  window.timezone = options.text("timezone").value_or(window.timezone);
  if (weekly && !is_zone(window.timezone))
    options.wrong("timezone", "a zone of the time zone database, such as Europe/Berlin");
}

std::optional<Wall> read_time(Options& options, std::string_view key) {
  constexpr std::string_view kExpected = "a time such as 2026-03-01T12:00:00Z or a date";
  const auto text = options.text(key);
  const auto time = text ? parse_timestamp(*text) : std::nullopt;
  if ((text && !time) || options.shape(key) == Shape::missing) options.wrong(key, kExpected);
  return time;
}

void read_once(Options& options, Maintenance& window) {
  const auto from = read_time(options, "from");
  const auto until = read_time(options, "until");
  if (options.shape("timezone") != Shape::missing)
    options.wrong("timezone", "none beside from and until, which carry their own");
  if (!from || !until) return;
  if (*until <= *from) options.wrong("until", "a time after from");
  window.once = {*from, *until};
}

Maintenance read_window(Options& options) {
  Maintenance window;
  const auto services = options.list("services");
  if (services.empty()) options.wrong("services", "a list of services");
  window.services = {services.begin(), services.end()};
  window.why = required(options, "why", "the reason");
  const bool weekly = options.shape("weekly") != Shape::missing;
  const bool once =
      options.shape("from") != Shape::missing || options.shape("until") != Shape::missing;
  if (weekly == once)
    options.wrong("", "either weekly (and timezone) or from and until");
  else if (once)
    read_once(options, window);
  read_weekly(options, window);
  for (const auto* key : {"from", "until"}) options.text(key);
  return window;
}

}  // namespace

std::vector<Maintenance> read_maintenance(Options& root) {
  std::vector<Maintenance> windows;
  for (auto& each : root.maps("maintenance")) windows.push_back(read_window(each));
  return windows;
}

}  // namespace mse
