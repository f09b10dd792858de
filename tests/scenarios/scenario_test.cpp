// Every story in tests/scenarios/*.yml: what happens to a service, and what must be seen of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/fake_engine.h"
#include "tests/support/tests_dir.h"

namespace mse::story {
namespace {

std::vector<std::string> story_files() {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(tests_dir() / "scenarios")) {
    if (file.path().extension() == ".yml") out.push_back(file.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string content(const std::string& story) {
  std::ifstream in(tests_dir() / "scenarios" / (story + ".yml"));
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, IsSeenAsItHappens) {
  for (const auto& failure : play(content(GetParam())))
    ADD_FAILURE() << GetParam() << ".yml " << failure;
}

INSTANTIATE_TEST_SUITE_P(Stories, Scenario, testing::ValuesIn(story_files()),
                         [](const auto& story) { return story.param; });

TEST(ScenarioRunner, ThereAreAtLeastThirtyStories) {
  EXPECT_GE(story_files().size(), 30U);
}

const std::string kTwoNodes = R"(
title: Two nodes
truth: They agree.
collect: {http: [software_version]}
nodes: {web-1..2: {software_version: 1.0}}
)";

std::string only_failure(const std::string& yaml) {
  const auto failures = play(yaml);
  return failures.size() == 1 ? failures[0] : std::to_string(failures.size()) + " failures";
}

TEST(ScenarioRunner, AcceptsAStoryThatIsTrue) {
  EXPECT_TRUE(
      play(kTwoNodes + "steps: [{at: 1m, expect: {software_version: {canonical: 1.0}}}]").empty());
}

TEST(ScenarioRunner, RefusesAStoryThatIsNotTrue) {
  EXPECT_EQ(
      only_failure(kTwoNodes + "steps: [{at: 1m, expect: {software_version: {canonical: 2.0}}}]"),
      "at 1m0s: software_version canonical: expected 2.0, got 1.0 (line 6)");
}

TEST(ScenarioRunner, RefusesAStoryWithoutAnyExpectation) {
  EXPECT_EQ(only_failure(kTwoNodes + "steps: [{at: 1m}]"),
            "the story is wrong: line 2: a story without any expectation proves nothing");
}

TEST(ScenarioRunner, RefusesAnUnknownKeyWhereverItIs) {
  EXPECT_EQ(only_failure(kTwoNodes + "stepz: []"),
            "the story is wrong: line 6: unknown key 'stepz'");
  EXPECT_EQ(only_failure(kTwoNodes + "steps: [{at: 0s, st: {}, expect: {maintenance: false}}]"),
            "the story is wrong: line 6: unknown key 'st'");
  EXPECT_EQ(
      only_failure(kTwoNodes + "steps: [{at: 0s, expect: {software_version: {canonic: 1.0}}}]"),
      "the story is wrong: line 6: unknown key 'canonic'");
  EXPECT_EQ(
      only_failure(kTwoNodes +
                   "steps: [{at: 0s, set: {web-1: {colour: red}}, expect: {by_requests: false}}]"),
      "the story is wrong: line 6: unknown key 'colour'");
}

TEST(ScenarioRunner, RefusesStepsOutOfOrder) {
  EXPECT_EQ(only_failure(kTwoNodes + "steps: [{at: 1m}, {at: 10s, expect: {maintenance: false}}]"),
            "the story is wrong: line 6: a step earlier than the one before it");
}

TEST(ScenarioRunner, ExpandsRangesOfNodes) {
  EXPECT_EQ(names("pod-9..11"), (std::vector<std::string>{"pod-9", "pod-10", "pod-11"}));
  EXPECT_EQ(names("pg-1"), (std::vector<std::string>{"pg-1"}));
}

TEST(ScenarioRunner, ReadsDurations) {
  EXPECT_EQ(duration(YAML::Node("1h2m3s")), std::chrono::seconds(3723));
  EXPECT_EQ(duration(YAML::Node("0s")), Duration::zero());
  EXPECT_THROW(duration(YAML::Node("5")), Mistake);
  EXPECT_THROW(duration(YAML::Node("soon")), Mistake);
}

}  // namespace
}  // namespace mse::story
