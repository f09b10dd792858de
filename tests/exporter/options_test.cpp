// Typed settings: what each getter takes, what it refuses and says, and how a node's own override
// the service's.
#include "exporter/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "exporter/load_config.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Options from(const std::string& yaml) {
  return parse_options(yaml, "/etc/mse/x.yml").value();
}

std::string error_of(const Options& options) {
  const auto right = options.finish();
  return right ? "" : right.error().message;
}

TEST(Options, ReadsEveryType) {
  auto options = from(
      "{text: a b, number: 5, path: pg.pass, absolute: /run/x, time: 1h30m, part: 1%, share: 0.25,"
      " on: true, count: -7, words: [a, 'b c'], pairs: [[41, 42], [43]]}");
  EXPECT_EQ(options.text("text"), "a b");
  EXPECT_EQ(options.text("number"), "5");
  EXPECT_EQ(options.path("path"), "/etc/mse/pg.pass");
  EXPECT_EQ(options.path("absolute"), "/run/x");
  EXPECT_EQ(options.duration("time"), std::chrono::minutes(90));
  EXPECT_DOUBLE_EQ(options.ratio("part").value(), 0.01);
  EXPECT_DOUBLE_EQ(options.ratio("share").value(), 0.25);
  EXPECT_EQ(options.flag("on"), true);
  EXPECT_EQ(options.integer("count", -7, 7), -7);
  EXPECT_THAT(options.list("words"), ElementsAre("a", "b c"));
  EXPECT_THAT(options.lists("pairs"), ElementsAre(ElementsAre("41", "42"), ElementsAre("43")));
  EXPECT_EQ(error_of(options), "");
}

TEST(Options, MissingKeysAreNothingAndNoError) {
  auto options = from("{}");
  EXPECT_EQ(options.text("a"), std::nullopt);
  EXPECT_EQ(options.duration("a"), std::nullopt);
  EXPECT_EQ(options.flag("a"), std::nullopt);
  EXPECT_FALSE(options.map("a"));
  EXPECT_FALSE(options.secret("a"));
  EXPECT_THAT(options.list("a"), IsEmpty());
  EXPECT_THAT(options.maps("a"), IsEmpty());
  EXPECT_EQ(options.shape("a"), Options::Shape::missing);
  EXPECT_EQ(error_of(options), "");
}

struct Refused {
  const char* yaml;
  void (*read)(Options&);
  const char* error;
};

TEST(Options, SayWhereAndWhatWasExpected) {
  const std::vector<Refused> cases{
      {"a: [b]", [](Options& o) { o.text("a"); }, "1:4: a: expected a text"},
      {"a:", [](Options& o) { o.text("a"); }, "1:1: a: expected a text"},
      {"b: 1\na: ''", [](Options& o) { o.text("b"), o.path("a"); }, "2:4: a: expected a path"},
      {"a: 15", [](Options& o) { o.duration("a"); },
       "1:4: a: expected a duration such as 15s or 1h30m"},
      {"a: 101%", [](Options& o) { o.ratio("a"); },
       "1:4: a: expected a ratio from 0 to 1, such as 1% or 0.01"},
      {"a: nan", [](Options& o) { o.ratio("a"); },
       "1:4: a: expected a ratio from 0 to 1, such as 1% or 0.01"},
      {"a: -0.1", [](Options& o) { o.ratio("a"); },
       "1:4: a: expected a ratio from 0 to 1, such as 1% or 0.01"},
      {"a: yes", [](Options& o) { o.flag("a"); }, "1:4: a: expected true or false"},
      {"a: 0", [](Options& o) { o.integer("a", 1, 9); },
       "1:4: a: expected a whole number from 1 to 9"},
      {"a: 5x", [](Options& o) { o.integer("a", 1, 9); },
       "1:4: a: expected a whole number from 1 to 9"},
      {"a: 99999999999999999999", [](Options& o) { o.integer("a", 1, 9); },
       "1:4: a: expected a whole number from 1 to 9"},
      {"a: b", [](Options& o) { o.list("a"); }, "1:4: a: expected a list of texts"},
      {"a: [b, [c]]", [](Options& o) { o.list("a"); }, "1:8: a: expected a list of texts"},
      {"a: [b, ~]", [](Options& o) { o.list("a"); }, "1:8: a: expected a list of texts"},
      {"a: [b]", [](Options& o) { o.lists("a"); }, "1:5: a: expected a list of lists of texts"},
      {"a: b", [](Options& o) { o.map("a"); }, "1:4: a: expected a map"},
      {"a: {}", [](Options& o) { o.maps("a"); }, "1:4: a: expected a list of maps"},
      {"a: [{}, b]", [](Options& o) { o.maps("a"); }, "1:9: a[1]: expected a map"},
      {"a: {b: {c: d}}", [](Options& o) { o.map("a")->map("b")->duration("c"); },
       "1:12: a.b.c: expected a duration such as 15s or 1h30m"},
      {"a: [{}, {b: c}]", [](Options& o) { o.maps("a")[1].flag("b"); },
       "1:13: a[1].b: expected true or false"},
  };
  for (const auto& [yaml, read, error] : cases) {
    auto options = from(yaml);
    read(options);
    EXPECT_EQ(error_of(options), std::string("/etc/mse/x.yml:") + error) << yaml;
  }
}

TEST(Options, AnUnreadKeyIsAnErrorThatNamesTheNearestOneAskedFor) {
  auto options = from("user: a\nadress: b\n");
  options.text("user");
  options.text("address");
  EXPECT_EQ(error_of(options), "/etc/mse/x.yml:2:1: unknown key `adress`, did you mean `address`?");
}

TEST(Options, AnUnreadKeyThatIsNoTypoIsToldWhatIsKnown) {
  auto options = from("a: {zzz: 1}");
  auto a = options.map("a");
  a->text("user");
  a->text("port");
  EXPECT_EQ(error_of(options), "/etc/mse/x.yml:1:5: a: unknown key `zzz`, known are port, user");
}

TEST(Options, TheCauseIsToldBeforeWhatIsMissing) {
  auto options = from("b: 1\nnaem: x\n");
  options.wrong("name", "a name");
  options.flag("b");
  EXPECT_THAT(error_of(options), HasSubstr(":1:4: b: expected true or false"));
  auto only_missing = from("b: 1");
  only_missing.text("b");
  only_missing.wrong("name", "a name");
  EXPECT_THAT(error_of(only_missing), HasSubstr(":1:1: name: missing, expected a name"));
}

TEST(Options, TheFirstErrorOfTheFileIsTold) {
  auto options = from("a: x\nb: {c: x}\nd: x\n");
  options.flag("d");
  options.map("b")->flag("c");
  options.flag("a");
  EXPECT_THAT(error_of(options), HasSubstr(":1:4: a: "));
}

TEST(Options, CopiesShareWhatWasRead) {
  auto options = from("{a: 1, b: {c: 2}}");
  auto copy = options;
  copy.text("a");
  copy.map("b")->text("c");
  EXPECT_EQ(error_of(options), "");
}

TEST(Options, WhatIsSeparateIsLeftToItsReader) {
  auto options = from("{a: {x: 1}, b: 2, c: 3}");
  auto a = options.separate("a").value();
  options.text("b");
  auto rest = options.rest();
  EXPECT_EQ(error_of(options), "");
  EXPECT_THAT(error_of(a), HasSubstr("a: unknown key `x`"));
  EXPECT_THAT(rest.keys(), ElementsAre("c"));
  EXPECT_THAT(error_of(rest), HasSubstr("unknown key `c`, did you mean"));
  rest.text("c");
  EXPECT_EQ(error_of(rest), "");
}

TEST(Options, ANodesOwnSettingsComeFirstKeyByKey) {
  auto base = from("{user: a, port: 1, tls: {ca_file: ca, name: x}, words: [a, b]}");
  auto over = from("{user: b, tls: {ca_file: own}, words: [c]}");
  auto merged = base.overridden_by(over);
  EXPECT_EQ(merged.text("user"), "b");
  EXPECT_EQ(merged.text("port"), "1");
  auto tls = merged.map("tls").value();
  EXPECT_EQ(tls.text("ca_file"), "own");
  EXPECT_EQ(tls.text("name"), "x");
  EXPECT_THAT(merged.list("words"), ElementsAre("c"));
  EXPECT_EQ(error_of(merged), "");
  EXPECT_EQ(error_of(over), "");
}

TEST(Options, AMapThatOnlyTheNodeHasIsRead) {
  auto base = from("{user: a}");
  auto over = from("{tls: {ca_file: own}}");
  auto merged = base.overridden_by(over);
  merged.text("user");
  EXPECT_EQ(merged.map("tls")->text("ca_file"), "own");
  EXPECT_EQ(error_of(merged), "");
  EXPECT_EQ(error_of(over), "");
}

TEST(Options, AnOverrideThatNobodyReadsIsItsOwnErrorAlone) {
  auto base = from("{user: a}");
  auto over = from("{usr: b, tls: {ca_fil: x}}");
  auto merged = base.overridden_by(over);
  merged.text("user");
  EXPECT_EQ(error_of(merged), "");
  EXPECT_THAT(error_of(over), HasSubstr("unknown key `usr`, did you mean `user`?"));
}

TEST(Options, AnUnreadKeyOfTheBaseIsAnErrorOfTheMergedSettings) {
  auto base = from("{user: a, prot: 1}");
  auto merged = base.overridden_by(from("{user: b}"));
  merged.text("user");
  merged.integer("port", 1, 9);
  EXPECT_THAT(error_of(merged), HasSubstr("unknown key `prot`, did you mean `port`?"));
}

TEST(Options, AWrongOverrideIsToldWhereItStands) {
  auto base = from("{port: 1}");
  auto merged = base.overridden_by(from("\n\nport: x"));
  merged.integer("port", 1, 9);
  EXPECT_THAT(error_of(merged), HasSubstr(":3:7: port: expected a whole number"));
}

class Secrets : public testing::Test {
 protected:
  Secrets() {
    std::filesystem::create_directories(folder_);
    ::setenv("MSE_TEST_SECRET", "from-env", 1);
    ::unsetenv("MSE_TEST_UNSET");
  }
  ~Secrets() override {
    ::unsetenv("MSE_TEST_SECRET");
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  Options options(const std::string& yaml) {
    return parse_options(yaml, folder_ / "config.yml").value();
  }
  // The error of reading `password`, without what it says of the file's place.
  std::string refused(const std::string& yaml) {
    auto settings = options(yaml);
    EXPECT_FALSE(settings.secret("password")) << yaml;
    return error_of(settings);
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("secrets_test." + std::to_string(::getpid()));
};

TEST_F(Secrets, ComeFromAFileTrimmed) {
  write("pg.pass", " hunter2\r\n\n");
  auto settings = options("password_file: pg.pass");
  EXPECT_EQ(settings.secret("password")->reveal(), "hunter2");
  EXPECT_EQ(error_of(settings), "");
}

TEST_F(Secrets, ComeFromTheEnvironment) {
  auto settings = options("password: ${MSE_TEST_SECRET}");
  EXPECT_EQ(settings.secret("password")->reveal(), "from-env");
  EXPECT_EQ(error_of(settings), "");
}

TEST_F(Secrets, AnInlineOneIsRefusedAndNeverTold) {
  for (const auto* yaml :
       {"password: hunter2", "password: '${MSE_TEST_SECRET}hunter2'", "password: '$hunter2'",
        "password: '${hunter2'", "password: {hunter2: x}", "password: [hunter2]",
        "password: '${hunter2 }'", "password: '${}'", "password:"}) {
    const auto error = refused(yaml);
    EXPECT_THAT(error, HasSubstr("password: expected ${NAME} of an environment variable, or "
                                 "`password_file`; an inline secret is refused"))
        << yaml;
    EXPECT_THAT(error, Not(HasSubstr("hunter2"))) << yaml;
  }
}

TEST_F(Secrets, AnUnquotedOneThatIsNoYamlIsNotToldEither) {
  for (const auto* yaml : {"password: *hunter2", "password: &hunter2 &hunter2 x",
                           "password: !hunter2 x", "password: \"\\hunter2\"", "password: @hunter2",
                           "password: %hunter2", "password: [hunter2", "password: a: hunter2"}) {
    const auto parsed = parse_options(yaml, "x.yml");
    ASSERT_FALSE(parsed) << yaml;
    EXPECT_THAT(parsed.error().message, testing::StartsWith("x.yml:1:")) << yaml;
    EXPECT_THAT(parsed.error().message, Not(HasSubstr("hunter2"))) << yaml;
  }
}

TEST_F(Secrets, MissingOrEmptySourcesAreErrors) {
  write("empty", " \n");
  write("nul", std::string("a\0b", 3));
  EXPECT_THAT(refused("password_file: absent"), HasSubstr("No such file or directory"));
  EXPECT_THAT(refused("password_file: ."), HasSubstr("is not a regular file"));
  EXPECT_THAT(refused("password_file: empty"), HasSubstr("it is empty or holds NUL bytes"));
  EXPECT_THAT(refused("password_file: nul"), HasSubstr("it is empty or holds NUL bytes"));
  EXPECT_THAT(refused("password_file: [a]"), HasSubstr("expected the path of a file"));
  EXPECT_THAT(refused("password: ${MSE_TEST_UNSET}"),
              HasSubstr("expected the environment variable MSE_TEST_UNSET to be set"));
  EXPECT_THAT(refused("{password_file: empty, password: '${MSE_TEST_SECRET}'}"),
              HasSubstr("either it or `password`, not both"));
}

TEST_F(Secrets, ANodesOwnOfOneKindWinsOverTheServicesOfTheOther) {
  write("pg.pass", "from-file");
  auto file = options("password_file: pg.pass");
  auto variable = options("password: ${MSE_TEST_SECRET}");
  auto variable_over_file = file.overridden_by(variable);
  auto file_over_variable = variable.overridden_by(file);
  EXPECT_EQ(variable_over_file.secret("password")->reveal(), "from-env");
  EXPECT_EQ(file_over_variable.secret("password")->reveal(), "from-file");
  EXPECT_EQ(error_of(variable_over_file), "");
  EXPECT_EQ(error_of(file_over_variable), "");
}

TEST_F(Secrets, AreEqualByValue) {
  EXPECT_EQ(Secret("a"), Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
}

}  // namespace
}  // namespace mse
