// Configuration files made to hurt: each is refused at once, in little memory.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <fstream>

#include "exporter/yaml_tree.h"
#include "tests/support/config_folder.h"

namespace mse {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Of this process's own time, so that a busy machine fails nothing. Sanitizers are slower and
// bigger: the limits are held by the plain build.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kSeconds = 8;
constexpr long kMegabytes = 800;
#else
constexpr double kSeconds = 1;
constexpr long kMegabytes = 150;
#endif

long field_of_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with(name)) return std::stol(line.substr(name.size() + 1));
  return -1;
}

// The peak of resident memory counts from here on.
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

class HostileConfig : public ConfigFolder {
 protected:
  // The error of loading `path`, which comes within the limits of time and memory.
  std::string error_of(const std::string& path) {
    forget_peak();
    const long before = field_of_status("VmRSS:");
    const auto began = std::chrono::steady_clock::now();
    const auto worked = std::clock();
    const auto config = load_config(path, fake_kinds());
    EXPECT_LT(static_cast<double>(std::clock() - worked) / CLOCKS_PER_SEC, kSeconds);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
    EXPECT_LT((field_of_status("VmHWM:") - before) / 1024, kMegabytes);
    return config ? "" : config.error().message;
  }
  std::string error_of_bytes(const std::string& bytes) {
    return error_of(write("config.yml", bytes));
  }
};

TEST_F(HostileConfig, SelfAliasIsRefused) {
  EXPECT_THAT(error_of_bytes("&a [*a]\n"),
              EndsWith(":1:5: expected no alias within its own anchor"));
  EXPECT_THAT(error_of_bytes("&a {b: [{c: *a}]}\n"),
              EndsWith(":1:13: expected no alias within its own anchor"));
}

TEST_F(HostileConfig, AliasBombIsRefusedBeforeItIsExpanded) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const auto below = ", *a" + std::to_string(i - 1);
    bomb +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [x" + repeated(below, 10) + "]\n";
  }
  EXPECT_THAT(error_of_bytes(bomb),
              HasSubstr("expected at most 100000 keys and values, aliases counted where they are "
                        "used"));
}

TEST_F(HostileConfig, DeepNestingIsRefusedHoweverItIsWritten) {
  constexpr const char* kExpected = "expected at most 64 levels of nesting";
  EXPECT_THAT(error_of_bytes(repeated("[", 1000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes(repeated("{a: ", 1000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes(repeated("- ", 1'000'000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes(repeated("? ", 200'000)), HasSubstr(kExpected));
  std::string chain = "a0: &a0 [[[[[[[[x]]]]]]]]\n";
  for (int i = 1; i < 10; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[*a" +
             std::to_string(i - 1) + "]]]]]]]]\n";
  EXPECT_THAT(error_of_bytes(chain), HasSubstr(kExpected));
}

TEST_F(HostileConfig, SixtyFourLevelsAreNotTooDeep) {
  const auto levels = [](std::size_t lists) {
    return parse_yaml(repeated("[", lists) + "a" + repeated("]", lists), "x");
  };
  ASSERT_TRUE(levels(63));
  EXPECT_EQ(levels(63).value()->height, 64U);
  EXPECT_FALSE(levels(65));
}

TEST_F(HostileConfig, MillionsOfBracketsAreRefused) {
  constexpr const char* kExpected = "expected at most 300000 brackets, quotes, commas and colons";
  EXPECT_THAT(error_of_bytes(repeated("[", 1'000'000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes(repeated("{", 4'000'000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes("[" + repeated("[],", 1'300'000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes("[" + repeated("a: ", 1'300'000)), HasSubstr(kExpected));
  EXPECT_THAT(error_of_bytes(repeated("&a ", 1'300'000)), HasSubstr(kExpected));
}

// The most that passes the count of indicators, in the forms that cost yaml-cpp the most.
TEST_F(HostileConfig, TheMostThatIsParsedStaysWithinTheLimits) {
  for (const auto* unit : {"[", "[],", "\"\",", "a: ", "&a ", "!a ", "*a ", ": "})
    EXPECT_NE(error_of_bytes("[" + repeated(unit, 149'999)), "") << unit;
  EXPECT_NE(error_of_bytes("[" + repeated("\"\",", 99'990)), "");
  EXPECT_NE(error_of_bytes(repeated("- a\n", 1'000'000)), "");
  EXPECT_NE(error_of_bytes(repeated("- a\n", 499'999)), "");
  EXPECT_NE(error_of_bytes(repeated("a\n", 499'999)), "");
  EXPECT_NE(error_of_bytes(repeated("#\n", 499'999)), "");
}

TEST_F(HostileConfig, AHugeScalarIsRefused) {
  EXPECT_THAT(error_of_bytes("a: " + repeated("xxxxxxxxxx", 5'000'000)),
              EndsWith(" is longer than 4194304 bytes"));
  EXPECT_THAT(error_of_bytes(std::string(4'000'000, 'x')), HasSubstr("expected a map of settings"));
}

TEST_F(HostileConfig, ManyKeysInOneMapTakeNoLonger) {
  std::string keys;
  for (int i = 0; i < 49'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(error_of_bytes(keys), HasSubstr(":1:1: unknown key `k0`"));
  std::string labels = "services:\n- name: a\n  nodes:\n  - name: b\n    address: c\n    labels:\n";
  for (int i = 0; i < 40'000; ++i) labels += "      k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(error_of_bytes(labels), HasSubstr("collect: missing"));
}

TEST_F(HostileConfig, ManyStrangersTakeNoLonger) {
  std::string names = "services:\n";
  for (int i = 0; i < 2'000; ++i) {
    const auto name = "n" + std::to_string(i);
    names += "- {name: " + name +
             ", nodes: [{name: a, address: a, colour: x}], collect: [{probe: {}}]}\n";
  }
  EXPECT_THAT(error_of_bytes(names), HasSubstr("unknown key `colour`"));
  names += "maintenance:\n";
  for (int i = 0; i < 2'000; ++i)
    names += "- {services: [x" + std::to_string(i) + "], weekly: Sat 00:00-24:00, why: x}\n";
  EXPECT_THAT(error_of_bytes(names), HasSubstr("there is no `x0`"));
}

TEST_F(HostileConfig, NulBytesAreRefused) {
  EXPECT_THAT(error_of_bytes(std::string("a: b\nc: \0d\n", 11)),
              EndsWith(":2:4: expected text, not a NUL byte"));
  EXPECT_THAT(error_of_bytes(std::string("\xff\xfe"
                                         "a\0:\0",
                                         6)),
              EndsWith(":1:4: expected text, not a NUL byte"));
}

TEST_F(HostileConfig, InvalidUtf8AndControlCharactersAreRefused) {
  constexpr const char* kExpected = "expected UTF-8 text without control characters";
  for (const auto* bytes :
       {"a: \xff\n", "a: \xed\xa0\x80\n", "\xc0\xaf: b\n", "a: \"\\x07\"\n", "a: \"b\\nc\"\n"})
    EXPECT_THAT(error_of_bytes(bytes), HasSubstr(kExpected)) << bytes;
}

TEST_F(HostileConfig, ADirectoryAFifoAndADeviceAreRefusedWithoutWaiting) {
  const auto fifo = (folder_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(error_of(fifo), EndsWith(" is not a regular file"));
  EXPECT_THAT(error_of(folder_), EndsWith(" is not a regular file"));
  EXPECT_THAT(error_of("/dev/zero"), EndsWith(" is not a regular file"));
}

TEST_F(HostileConfig, ALongKeyIsNotRepeatedInTheError) {
  const auto error = error_of_bytes(repeated("k", 1000) + ": 1\n");
  EXPECT_THAT(error, HasSubstr("unknown key `kkkk"));
  EXPECT_LT(error.size(), 300U);
}

TEST_F(HostileConfig, EveryErrorIsOneLine) {
  for (const auto* bytes : {"\"a\\nb\": 1\n", "? |\n  a\n  b\n: c\n", "a\nb", "\r\na: [\r\n"})
    EXPECT_EQ(error_of_bytes(bytes).find_first_of("\r\n"), std::string::npos) << bytes;
}

}  // namespace
}  // namespace mse
