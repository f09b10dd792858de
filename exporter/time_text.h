// Durations and instants as people write them: "1h30m", RFC 3339.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporter/model.h"

namespace mse {

// Whole numbers with the units ms, s, m, h, d, w, largest first, each at most once: "15s", "1h30m".
// Nothing when it is anything else, or longer than 100 years.
std::optional<Duration> parse_duration(std::string_view text);

// RFC 3339 with "Z" or an offset, seconds and a fraction optional: "2026-03-01T12:00:00Z"; or a
// date alone, which is its first instant in UTC. Nothing when it is anything else.
std::optional<Wall> parse_timestamp(std::string_view text);

// "2026-03-01T12:00:00Z", rounded down to seconds.
std::string format_timestamp(Wall at);

// The two largest units: "2h5m", "41s", "1.5s" and "20ms" below ten seconds; "0s".
std::string format_duration(Duration length);

}  // namespace mse
