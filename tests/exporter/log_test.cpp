// The log: hostile values, whole lines, and the limit of one line a minute and key.
#include "exporter/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace mse {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kHostile =
    "\"},\n{\"level\":\"\x1b[31mfake\0 \xFF\xC0\xAF\\ a=b \xED\xA0\x80 \xE2\x80\xA8"sv;

std::vector<std::string> lines_of(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  std::istringstream written(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(written, line);) lines.push_back(line);
  return lines;
}

std::string after_time(const std::string& line) {
  return line.substr(line.find(' ') + 1);
}

TEST(Log, LogfmtLineHasTimeLevelAndMessage) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] { log(LogLevel::warn, "poll failed", {{"node", "pg-1"}}); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0],
              MatchesRegex("ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}Z "
                           "level=warn msg=\"poll failed\" node=pg-1"));
}

TEST(Log, LogfmtQuotesWhatWouldReadAsSomethingElse) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] {
    log(LogLevel::info, "x", {{"a", ""}, {"b", "c=d"}, {"e", "say \"hi\""}, {"f", "back\\slash"}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(after_time(lines[0]),
            R"(level=info msg=x a="" b="c=d" e="say \"hi\"" f="back\\slash")");
}

TEST(Log, HostileBytesStayOnTheirLineInLogfmt) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] { log(LogLevel::info, "x", {{"text", kHostile}}); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], Not(HasSubstr("\x1b")));
  EXPECT_THAT(lines[0], Not(HasSubstr("\xFF")));
  EXPECT_THAT(lines[0], HasSubstr(R"(text="\"}, {\"level\":\" [31mfake)"));
}

TEST(Log, HostileBytesAreOneJsonObject) {
  start_log(LogLevel::info, LogFormat::json);
  const auto lines =
      lines_of([] { log(LogLevel::error, "x", {{"text", kHostile}, {"node", "pg-1"}}); });
  ASSERT_THAT(lines, SizeIs(1));
  const auto line = nlohmann::json::parse(lines[0]);
  EXPECT_THAT(line.at("ts").get<std::string>(), EndsWith("Z"));
  EXPECT_EQ(line.at("level"), "error");
  EXPECT_EQ(line.at("msg"), "x");
  EXPECT_EQ(line.at("node"), "pg-1");
  EXPECT_THAT(line.at("text").get<std::string>(), HasSubstr("\"}, {\"level\":\" [31mfake"));
}

TEST(Log, ALongValueIsCut) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const std::string huge(1U << 20U, 'x');
  const auto lines = lines_of([&] { log(LogLevel::info, huge, {{"text", huge}}); });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_LT(lines[0].size(), 1500U);
}

TEST(Log, LowerLevelsAreLeftOut) {
  start_log(LogLevel::warn, LogFormat::logfmt);
  const auto lines = lines_of([] {
    log(LogLevel::debug, "one");
    log(LogLevel::info, "two");
    log(LogLevel::warn, "three");
    log(LogLevel::error, "four");
  });
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(after_time(lines[0]), "level=warn msg=three");
  EXPECT_EQ(after_time(lines[1]), "level=error msg=four");
}

TEST(Log, LinesOfSeveralThreadsAreNeverTorn) {
  start_log(LogLevel::info, LogFormat::json);
  const auto lines = lines_of([] {
    std::vector<std::jthread> threads;
    for (char name = 'a'; name < 'e'; ++name)
      threads.emplace_back([name] {
        const std::string text(700, name);
        for (int i = 0; i < 200; ++i) log(LogLevel::info, "busy", {{"text", text}});
      });
  });
  ASSERT_THAT(lines, SizeIs(800));
  for (const auto& line : lines) {
    const auto text = nlohmann::json::parse(line).at("text").get<std::string>();
    ASSERT_EQ(text, std::string(700, text.at(0)));
  }
}

const Mono kStart{std::chrono::hours(1)};

TEST(LogLimited, OneLineAMinuteForEachKeyAndTheNextSaysHowManyWereHeldBack) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] {
    for (int second = 0; second <= 60; second += 20)
      log_limited("pg-1/dns", kStart + std::chrono::seconds(second), LogLevel::warn, "failed");
    log_limited("pg-2/dns", kStart, LogLevel::warn, "other");
  });
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(after_time(lines[0]), "level=warn msg=failed");
  EXPECT_EQ(after_time(lines[1]), "level=warn msg=failed held_back=2");
  EXPECT_EQ(after_time(lines[2]), "level=warn msg=other");
}

TEST(LogLimited, ALineBelowTheLevelDoesNotUseUpTheMinute) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] {
    log_limited("key", kStart, LogLevel::debug, "quiet");
    log_limited("key", kStart, LogLevel::info, "loud");
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(after_time(lines[0]), "level=info msg=loud");
}

TEST(LogLimited, KeysBeyondTheTableShareOneLineAMinute) {
  start_log(LogLevel::info, LogFormat::logfmt);
  const auto lines = lines_of([] {
    for (int i = 0; i < 10'050; ++i) log_limited(std::to_string(i), kStart, LogLevel::info, "many");
  });
  EXPECT_THAT(lines, SizeIs(10'001));
  const auto later = lines_of([] {
    for (int i = 20'000; i < 20'020; ++i)
      log_limited(std::to_string(i), kStart + std::chrono::minutes(1), LogLevel::info, "many");
  });
  EXPECT_THAT(later, SizeIs(20)) << "keys older than a minute are forgotten";
}

}  // namespace
}  // namespace mse
