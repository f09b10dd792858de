// YAML as a tree: kinds, places, aliases, and the counts that budgets are held against.
#include "exporter/yaml_tree.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using Kind = Yaml::Kind;

YamlTree tree(const std::string& yaml) {
  const auto parsed = parse_yaml(yaml, "x.yml");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : std::make_shared<Yaml>();
}

std::string error_of(const std::string& yaml) {
  const auto parsed = parse_yaml(yaml, "x.yml");
  return parsed ? "" : parsed.error().message;
}

TEST(YamlTree, KnowsTextsListsMapsAndNulls) {
  const auto root = tree("a: b\nc: ['', ~, \"5\"]\nd:\ne: {}\n");
  ASSERT_EQ(root->kind, Kind::map);
  EXPECT_EQ(root->entries.at("a").value->text, "b");
  const auto& list = *root->entries.at("c").value;
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0]->kind, Kind::text);
  EXPECT_EQ(list.items[1]->kind, Kind::null);
  EXPECT_EQ(list.items[2]->text, "5");
  EXPECT_EQ(root->entries.at("d").value->kind, Kind::null);
  EXPECT_EQ(root->entries.at("e").value->kind, Kind::map);
}

TEST(YamlTree, EverythingHasItsPlace) {
  const auto root = tree("a:\n  - b\n  - {c: d}\ne:\n\nf: g\n");
  const auto& list = *root->entries.at("a").value;
  EXPECT_EQ(list.items[0]->place, (Place{2, 5}));
  EXPECT_EQ(list.items[1]->entries.at("c").place, (Place{3, 6}));
  EXPECT_EQ(list.items[1]->entries.at("c").value->place, (Place{3, 9}));
  EXPECT_EQ(root->entries.at("e").value->place, (Place{4, 1})) << "of the key, not of what follows";
}

TEST(YamlTree, NoDocumentIsNull) {
  for (const auto* yaml : {"", "\n", "# only a comment\n", "---\n...\n"})
    EXPECT_EQ(tree(yaml)->kind, Kind::null) << yaml;
}

TEST(YamlTree, AliasesShareTheirAnchorsValueAndCountEachTime) {
  const auto root = tree("a: &x [b, c]\nd: *x\ne: [*x, *x]\n");
  EXPECT_EQ(root->entries.at("a").value, root->entries.at("d").value);
  EXPECT_EQ(root->entries.at("a").value->nodes, 3U);
  EXPECT_EQ(root->entries.at("e").value->nodes, 7U);
  EXPECT_EQ(root->nodes, 1U + 3U + 3U + 3U + 7U);
  EXPECT_EQ(root->height, 4U);
}

TEST(YamlTree, AnAnchorThatIsGivenAgainNamesTheNewValue) {
  const auto root = tree("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
  EXPECT_EQ(root->entries.at("b").value->text, "1");
  EXPECT_EQ(root->entries.at("d").value->text, "2");
}

TEST(YamlTree, BlockTextsLoseTheirLastNewlineAndMayHaveNoOther) {
  EXPECT_EQ(tree("a: |\n  b\n")->entries.at("a").value->text, "b");
  EXPECT_EQ(tree("a: >\n  b\n  c\n")->entries.at("a").value->text, "b c");
  EXPECT_EQ(error_of("a: |\n  b\n  c\n"),
            "x.yml:1:4: expected UTF-8 text without control characters");
}

TEST(YamlTree, WithLinesATextMayHaveSeveralAndAKeyNone) {
  const auto parsed = parse_yaml_with_lines("a: |\n  b\n  c\n", "x.yml");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ((*parsed)->entries.at("a").value->text, "b\nc");
  for (const char* yaml : {"\"a\\nb\": c\n", "a: \"b\\rc\"\n"}) {
    EXPECT_FALSE(parse_yaml_with_lines(yaml, "x.yml")) << yaml;
  }
}

TEST(YamlTree, AByteOrderMarkIsNoPartOfAKey) {
  EXPECT_EQ(tree("\xef\xbb\xbf"
                 "a: b\n")
                ->entries.count("a"),
            1U);
}

TEST(YamlTree, DuplicateKeysAreRefusedInEveryStyle) {
  EXPECT_EQ(error_of("a: 1\n'a': 2\n"), "x.yml:2:1: duplicate key `a`, first on line 1");
  EXPECT_EQ(error_of("{a: 1, \"a\": 2}"), "x.yml:1:8: duplicate key `a`, first on line 1");
  EXPECT_EQ(error_of("b: &k a\na: 1\n*k : 2\n").substr(0, 6), "x.yml:");
}

}  // namespace
}  // namespace mse
