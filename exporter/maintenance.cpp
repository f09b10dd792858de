// Weekly windows resolved in their time zone, and single ones.
#include "exporter/maintenance.h"

#include <date/tz.h>

namespace mse {
namespace {

struct Span {
  Wall begin{}, end{};
};

// The span of a weekly window that begins on `day`, which is one of its weekdays.
Span span_on(const Maintenance& window, const date::time_zone& zone, date::local_days day) {
  const auto last_day = window.ends <= window.begins ? day + date::days(1) : day;
  const date::local_seconds begin = day + window.begins;
  const date::local_seconds end = last_day + window.ends;
  return {Wall(zone.to_sys(begin, date::choose::earliest)),
          Wall(zone.to_sys(end, date::choose::latest))};
}

bool is_open(const Span& span, Wall now) {
  return span.begin <= now && now < span.end;
}

// The end of the weekly window if it is open: it began today or yesterday, in its zone.
std::optional<Wall> weekly_end(const Maintenance& window, Wall now) {
  const auto& zone = *date::locate_zone(window.timezone);
  const auto today = date::floor<date::days>(zone.to_local(now));
  for (const auto day : {today, today - date::days(1)}) {
    const date::weekday wanted(static_cast<unsigned>(window.weekday));
    if (date::weekday(day) != wanted) continue;
    const Span span = span_on(window, zone, day);
    if (is_open(span, now)) return span.end;
  }
  return std::nullopt;
}

std::optional<Wall> end_of(const Maintenance& window, Wall now) {
  if (!window.once) return weekly_end(window, now);
  const Span span{window.once->first, window.once->second};
  return is_open(span, now) ? std::optional(span.end) : std::nullopt;
}

}  // namespace

std::optional<OpenMaintenance> open_maintenance(const std::vector<Maintenance>& windows,
                                                const std::string& service, Wall now) {
  std::optional<OpenMaintenance> open;
  for (const auto& window : windows) {
    if (!window.services.contains(service)) continue;
    const auto end = end_of(window, now);
    if (end && (!open || *end > open->end)) open = OpenMaintenance{*end, window.why};
  }
  return open;
}

}  // namespace mse
