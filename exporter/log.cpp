// Log lines made of repaired values, and the memory of what was logged within the last minute.
#include "exporter/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "exporter/text.h"

namespace mse {
namespace {

constexpr Duration kOncePer = std::chrono::minutes(1);
constexpr std::size_t kMostKeys = 10'000;
constexpr std::size_t kLongestValue = 1024;

using Fields = std::vector<LogField>;

std::string_view word(LogLevel level) {
  constexpr std::array<std::string_view, 4> kWords{"debug", "info", "warn", "error"};
  return kWords.at(static_cast<std::size_t>(level));
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                               spdlog::level::err};
  return kLevels.at(static_cast<std::size_t>(level));
}

// What was logged for each key, so that a line is let through once a minute.
class Limiter {
 public:
  // How many lines of `key` were held back since the last one; nothing when this one is, too.
  std::optional<std::uint64_t> pass(const std::string& key, Mono now) {
    const std::scoped_lock lock(mutex_);
    if (entries_.size() >= kMostKeys && !entries_.contains(key)) forget_old(now);
    // When all places are taken by keys of the last minute, the others share one.
    const bool full = entries_.size() >= kMostKeys && !entries_.contains(key);
    auto& entry = full ? overflow_ : entries_[key];
    if (entry.passed && now < *entry.passed + kOncePer) {
      ++entry.held_back;
      return std::nullopt;
    }
    entry.passed = now;
    return std::exchange(entry.held_back, 0);
  }

 private:
  struct Entry {
    std::optional<Mono> passed;
    std::uint64_t held_back = 0;
  };

  void forget_old(Mono now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + kOncePer / 60;
    std::erase_if(entries_, [&](const auto& e) { return now >= *e.second.passed + kOncePer; });
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  Entry overflow_;
  Mono next_sweep_{};
};

std::string in_logfmt(std::string_view text) {
  const bool bare = !text.empty() && text.find_first_of(" =\"\\") == std::string_view::npos;
  return bare ? std::string(text) : '"' + escaped_label(text) + '"';
}

std::string logfmt_line(LogLevel level, std::string_view event, const Fields& fields) {
  std::string line = " level=" + std::string(word(level)) + " msg=" + in_logfmt(repaired(event));
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=' + in_logfmt(repaired(value, kLongestValue));
  }
  return line;
}

// Without the opening brace: the time comes before it.
std::string json_line(LogLevel level, std::string_view event, const Fields& fields) {
  nlohmann::ordered_json line{{"level", word(level)}, {"msg", repaired(event)}};
  for (const auto& [key, value] : fields) line[std::string(key)] = repaired(value, kLongestValue);
  return ',' + line.dump().substr(1);
}

// The one log of the process.
struct Log {
  Log(LogLevel level, LogFormat wanted)
      : format(wanted), logger("log", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    const std::string time = "%Y-%m-%dT%H:%M:%S.%eZ";
    const std::string pattern =
        format == LogFormat::json ? R"({"ts":")" + time + R"("%v)" : "ts=" + time + "%v";
    logger.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    logger.set_level(spdlog_level(level));
  }

  bool wants(LogLevel level) const { return logger.should_log(spdlog_level(level)); }

  void write(LogLevel level, std::string_view event, const Fields& fields) {
    const auto line = format == LogFormat::json ? json_line(level, event, fields)
                                                : logfmt_line(level, event, fields);
    logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  }

  LogFormat format;
  spdlog::logger logger;
  Limiter limiter;
};

// Never freed: threads that outlive main may still log.
std::unique_ptr<Log>& current() {
  static auto& log = *new std::unique_ptr<Log>(new Log(LogLevel::info, LogFormat::logfmt));
  return log;
}

}  // namespace

void start_log(LogLevel level, LogFormat format) {
  current() = std::make_unique<Log>(level, format);
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Log& log = *current();
  if (log.wants(level)) log.write(level, event, fields);
}

void log_limited(const std::string& key, Mono now, LogLevel level, std::string_view event,
                 std::initializer_list<LogField> fields) {
  Log& log = *current();
  if (!log.wants(level)) return;
  const auto held_back = log.limiter.pass(key, now);
  if (!held_back) return;
  Fields all(fields);
  const std::string count = std::to_string(*held_back);
  if (*held_back > 0) all.emplace_back("held_back", count);
  log.write(level, event, all);
}

}  // namespace mse
