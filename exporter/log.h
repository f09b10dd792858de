// The log: one line an event, in logfmt or JSON, on stderr.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/model.h"

namespace mse {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { logfmt, json };

// Once, before the first line (else: info, logfmt). Any thread may log afterwards; a line is never
// torn. Each begins with ts (UTC), level and msg.
void start_log(LogLevel level, LogFormat format);

using LogField = std::pair<std::string_view, std::string_view>;

// `event` is ours, a short sentence, and so are keys, each once; values may hold any bytes, and
// come out repaired, cut at 1 KiB and escaped.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// The same, at most once a minute for each `key` (a node and reason, say); the next line that
// passes says how many were held back (field `held_back`). Remembers at most 10,000 keys; those
// beyond them share one minute.
void log_limited(const std::string& key, Mono now, LogLevel level, std::string_view event,
                 std::initializer_list<LogField> fields = {});

}  // namespace mse
