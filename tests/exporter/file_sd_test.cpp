// file_sd files: what is taken, and that anything else is refused whole, with where and why.
#include "exporter/file_sd.h"

#include <gmock/gmock.h>

#include "exporter/discovery_file.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

std::vector<TargetGroup> groups(const std::string& bytes, const std::string& file = "t.json") {
  const auto parsed = parse_file_sd(bytes, file);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : std::vector<TargetGroup>{};
}

std::string refused(const std::string& bytes, const std::string& file = "t.json") {
  const auto parsed = parse_file_sd(bytes, file);
  return parsed ? "" : parsed.error().message;
}

std::string targets(std::size_t count) {
  std::string bytes = "[{\"targets\":[";
  for (std::size_t i = 0; i < count; ++i)
    bytes += (i == 0 ? "\"n" : ",\"n") + std::to_string(i) + ":1\"";
  return bytes + "]}]";
}

TEST(FileSd, JsonAndYamlSayTheSame) {
  const auto json = groups(R"([{"targets": ["a:1", "[::1]:2"], "labels": {"region": "eu"}}, {}])");
  const auto yaml = groups("- targets: [a:1, '[::1]:2']\n  labels: {region: eu}\n- {}\n", "t.yml");
  for (const auto& each : {json, yaml}) {
    ASSERT_EQ(each.size(), 2U);
    EXPECT_THAT(each[0].targets, ElementsAre("a:1", "[::1]:2"));
    EXPECT_THAT(each[0].labels, ElementsAre(Pair("region", "eu")));
    EXPECT_TRUE(each[1].targets.empty());
  }
}

TEST(FileSd, AnEmptyListIsAnAnswerAndAnEmptyFileIsNot) {
  EXPECT_TRUE(groups("[]").empty());
  EXPECT_TRUE(groups("[]", "t.yml").empty());
  EXPECT_THAT(refused(""), HasSubstr("t.json: expected JSON"));
  EXPECT_THAT(refused("", "t.yml"), HasSubstr("t.yml:1:1: expected a list of groups"));
}

TEST(FileSd, RefusesWhatIsNotTargetsAndLabelsAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> all{
      {R"({"targets": []})", "t.json: group 0: expected a list of groups"},
      {R"(["a:1"])", "t.json: group 0: expected a list of groups"},
      {R"([[]])", "t.json: group 0: expected a list of groups"},
      {R"([{"targets": "a:1"}])", "t.json: group 1: expected a list of groups"},
      {R"([{"targets": [1]}])", "t.json: group 1: expected a list of groups"},
      {R"([{"targets": [["a:1"]]}])", "t.json: group 1: expected a list of groups"},
      {R"([{}, {"labels": {"a": {}}}])", "t.json: group 2: expected a list of groups"},
      {R"([{"labels": {"a": null}}])", "t.json: group 1: expected a list of groups"},
      {R"([{"labels": []}])", "t.json: group 1: expected a list of groups"},
      {R"([{"target": []}])", "t.json: group 1: unknown key `target`, known are labels, targets"},
      {R"([{"targets": [], "targets": []}])", "t.json: group 1: duplicate key `targets`"},
      {R"([{"targets": ["http://a/"]}])", "t.json: group 1: expected a target that is host:port"},
      {R"([{"targets": ["a:0"]}])", "t.json: group 1: expected a target that is host:port"},
      {R"([{"targets": ["a\u0000:1"]}])", "t.json: group 1: expected a target that is host:port"},
      {R"([{"targets": [""]}])", "t.json: group 1: expected a target that is host:port"},
      {R"([{"labels": {"a-b": "x"}}])", "t.json: group 1: expected a label's name, not `a-b`"},
      {R"([{"labels": {"a": "x", "a": "y"}}])", "t.json: group 1: expected label `a` once"},
      {R"([{"labels": {"a": "x\ny"}}])", "t.json: group 1: expected the value of label `a`"},
      {"[{\"labels\": {\"a\": \"\xff\"}}]", "t.json: expected JSON; it is broken at byte"},
      {R"([{"targets": ["a:1")", "t.json: expected JSON; it is broken at byte 20"},
      {R"([] x)", "t.json: expected JSON; it is broken at byte"},
      {std::string(1'000'000, '['), "t.json: group 0: expected a list of groups"},
  };
  for (const auto& [bytes, expected] : all)
    EXPECT_THAT(refused(bytes), StartsWith(expected)) << bytes.substr(0, 60);
}

TEST(FileSd, RefusesYamlOfAnotherShapeAtItsPlace) {
  const std::vector<std::pair<std::string, std::string>> all{
      {"targets: [a:1]\n", "t.yaml:1:1: expected a list of groups"},
      {"- a:1\n", "t.yaml:1:3: expected a list of groups"},
      {"- targets: a:1\n", "t.yaml:1:12: expected a list of groups"},
      {"- targets: [[a]]\n", "t.yaml:1:13: expected a list of groups"},
      {"- targets: [a:1]\n  label: {}\n", "t.yaml:2:3: unknown key `label`"},
      {"- targets: [a:1, 'b c']\n", "t.yaml:1:18: expected a target that is host:port"},
      {"- labels: {9: x}\n", "t.yaml:1:12: expected a label's name"},
      {"- labels: {a: [x]}\n", "t.yaml:1:12: expected a list of groups"},
      {"- &a [*a]\n", "t.yaml:1:7: expected no alias within its own anchor"},
  };
  for (const auto& [bytes, expected] : all)
    EXPECT_THAT(refused(bytes, "t.yaml"), StartsWith(expected)) << bytes;
}

TEST(FileSd, HoldsItsBudgets) {
  EXPECT_EQ(groups(targets(kFileSdTargets))[0].targets.size(), kFileSdTargets);
  EXPECT_EQ(refused(targets(kFileSdTargets + 1)),
            "t.json: group 1: expected at most 50000 targets");
  EXPECT_EQ(refused(std::string(kFileSdBytes + 1, ' ')), "t.json: expected at most 10485760 bytes");
  std::string labels;
  for (int i = 0; i < 65; ++i) labels += (i == 0 ? "\"l" : ",\"l") + std::to_string(i) + "\":\"x\"";
  EXPECT_EQ(refused("[{\"labels\":{" + labels + "}}]"),
            "t.json: group 1: expected at most 64 labels in a group");
}

TEST(FileSd, ALabelNamesTheNodeAndInternalLabelsAreDropped) {
  DiscoverySettings settings;
  settings.name_label = "pod";
  settings.labels = {{"region", "eu"}, {"team", "pay"}};
  const auto nodes = nodes_of(
      {{{"a:1"}, {{"pod", "pod-a"}, {"region", "us"}, {"__meta_x", "y"}, {"__address__", "z"}}},
       {{"b:1"}, {{"serving", "false"}}}},
      settings);
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0].name, "pod-a");
  EXPECT_EQ(nodes[0].address, "a:1");
  EXPECT_THAT(nodes[0].labels, ElementsAre(Pair("region", "us"), Pair("team", "pay")));
  EXPECT_TRUE(nodes[0].serving);
  EXPECT_EQ(nodes[1].name, "b:1");
  EXPECT_FALSE(nodes[1].serving);
}

TEST(DiscoverySource, ANodeCountsOnceByNameAndByAddress) {
  const auto found = unique_nodes({{"b", "b:1", {}, true},
                                   {"a", "a:1", {}, true},
                                   {"a", "c:1", {}, true},
                                   {"d", "b:1", {}, true}});
  ASSERT_EQ(found.nodes.size(), 2U);
  EXPECT_EQ(found.nodes[0].name, "a");
  EXPECT_EQ(found.nodes[0].address, "a:1");
  EXPECT_EQ(found.nodes[1].name, "b");
  EXPECT_THAT(found.left_out,
              ElementsAre("another node has the name a", "another node has the address b:1"));
  EXPECT_EQ(without(found.nodes, {{"x", "a:1", {}, true}}).size(), 1U);
  EXPECT_EQ(without(found.nodes, {{"b", "y", {}, true}}).size(), 1U);
}

}  // namespace
}  // namespace mse
