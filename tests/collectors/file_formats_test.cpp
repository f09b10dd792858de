// Files of each format that say the same look the same, and a difference shows as its key.
#include <gmock/gmock.h>

#include "collectors/file_formats.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Values = std::map<std::string, std::string>;

Values read(FileFormat format, const std::string& bytes) {
  const auto values = parse_file(format, bytes, "f");
  EXPECT_TRUE(values) << values.error().message;
  return values.value_or(Values{});
}

std::string refused(FileFormat format, const std::string& bytes) {
  const auto values = parse_file(format, bytes, "f");
  return values ? "" : values.error().message;
}

std::vector<std::string> differing(const Values& one, const Values& other) {
  std::set<std::string> keys;
  for (const auto& [key, value] : one)
    if (!other.contains(key) || other.at(key) != value) keys.insert(key);
  for (const auto& [key, value] : other)
    if (!one.contains(key)) keys.insert(key);
  return {keys.begin(), keys.end()};
}

struct Same {
  FileFormat format;
  const char *one, *alike, *other, *key;
};

// One file, the same otherwise written, and one with a single difference.
const Same kFiles[] = {
    {FileFormat::yaml, "server: {port: 80, tags: [a, b]}\nlevel: info\n",
     "# comment\nlevel:   'info'\n\nserver:\n  tags:\n  - a\n  - \"b\"  # why\n  port: 80\n",
     "server: {port: 81, tags: [a, b]}\nlevel: info\n", "server.port"},
    {FileFormat::yaml, "a: &x {b: 1}\nc: *x\n", "c: {b: 1}\na: {b: 1}\n", "a: {b: 1}\nc: {b: 2}\n",
     "c.b"},
    {FileFormat::yaml, "list: [a, b]", "list:\n- a\n- b", "list: [a, c]", "list[1]"},
    {FileFormat::yaml, "a: 1\n---\nb: 2\n", "---\na: 1\n---\nb:  2\n...\n", "a: 1\n---\nb: 3\n",
     "[1].b"},
    {FileFormat::json, R"({"a": {"b": [1, 2.50]}, "c": null})",
     "{ \"c\":null, /* why */ \"a\":{\"b\":[ 1,2.5 ]} }", R"({"a": {"b": [1, 3]}, "c": null})",
     "a.b[1]"},
    {FileFormat::ini, "[mysqld]\nport = 3306\nskip-name-resolve\n[client]\nuser=x\n",
     "; note\n[client]\n user = x\n\n[ mysqld ]\nskip-name-resolve\n# note\nport=3306\n",
     "[mysqld]\nport = 3307\nskip-name-resolve\n[client]\nuser=x\n", "mysqld.port"},
    {FileFormat::properties, "log.level=info\nlist=a,b\n",
     "# note\n! note\nlist : a,\\\n    b\nlog.level   info\n", "log.level=debug\nlist=a,b\n",
     "log.level"},
    {FileFormat::env, "A=1\nB=two\n", "# note\nexport B=\"two\"\n  A=1\n", "A=1\nB=three\n", "B"},
    {FileFormat::text, "allow 10/8\ndeny all\n", "\r\n  allow 10/8\r\n\tdeny all  ",
     "allow 10/8\ndeny none\n", "content"},
};

TEST(FileFormats, CommentsOrderAndWhiteSpaceDoNotMatterAndOneDifferenceShowsItsKey) {
  for (const auto& file : kFiles) {
    EXPECT_EQ(read(file.format, file.one), read(file.format, file.alike)) << file.one;
    EXPECT_THAT(differing(read(file.format, file.one), read(file.format, file.other)),
                ElementsAre(file.key))
        << file.one;
  }
}

// Pairs that a careless reader would take for equal.
TEST(FileFormats, WhatMeansSomethingElseIsNeverEqual) {
  const std::tuple<FileFormat, const char*, const char*> pairs[] = {
      {FileFormat::yaml, "a.b: 1", "a: {b: 1}"},
      {FileFormat::yaml, "a: 1", "a: '1'"},
      {FileFormat::yaml, "a: true", "a: 'true'"},
      {FileFormat::yaml, "a: 'true'", "a: '\"true\"'"},
      {FileFormat::yaml, "a: !vault x", "a: '!vault x'"},
      {FileFormat::yaml, "a: |\n  x\n", "a: |-\n  x\n"},
      {FileFormat::yaml, "a:", "a: ''"},
      {FileFormat::yaml, "a: []", "a: {}"},
      {FileFormat::yaml, "a: {}", ""},
      {FileFormat::yaml, "a: [x, y]", "a: [y, x]"},
      {FileFormat::yaml, "a: !vault x", "a: x"},
      {FileFormat::json, R"({"a": 1})", R"({"a": "1"})"},
      {FileFormat::json, R"({"a": null})", R"({"a": "null"})"},
      {FileFormat::json, R"({"a[0]": 1})", R"({"a": [1]})"},
      {FileFormat::json, "{\"a\": 18446744073709551616}", "{\"a\": 18446744073709551617}"},
      {FileFormat::ini, "[a]\nx=1\n[b]", "[b]\nx=1\n[a]"},
      {FileFormat::ini, "x=1\nx=2", "x=2"},
      {FileFormat::ini, "x", "x="},
      {FileFormat::ini, "p=a#b", "p=a"},
      {FileFormat::properties, "a\\=b=c", "a=b=c"},
      {FileFormat::properties, "a=\\u0041", "a=\\u0042"},
      {FileFormat::text, "ab", "a\nb"},
  };
  for (const auto& [format, one, other] : pairs)
    EXPECT_NE(read(format, one), read(format, other)) << one << " and " << other;
}

TEST(FileFormats, KeysAreNestedByDotsAndPlaces) {
  EXPECT_THAT(read(FileFormat::yaml, "labels: {app.io/name: web}\nports: [{n: 1}]"),
              ElementsAre(Pair("labels.\"app.io/name\"", "=web"), Pair("ports[0].n", "=1")));
}

TEST(FileFormats, TheNameDecidesTheFormat) {
  EXPECT_EQ(format_of("/etc/a.yml"), FileFormat::yaml);
  EXPECT_EQ(format_of("a.json"), FileFormat::json);
  EXPECT_EQ(format_of("my.cnf"), FileFormat::ini);
  EXPECT_EQ(format_of("app.env"), FileFormat::env);
  EXPECT_EQ(format_of("conf/env"), FileFormat::env);
  EXPECT_EQ(format_of("nginx.conf"), FileFormat::text);
}

TEST(FileFormats, WrongFilesAreRefusedWithoutAWordOfTheirValues) {
  const std::pair<FileFormat, std::string> files[] = {
      {FileFormat::yaml, "a: [canary"},
      {FileFormat::yaml, "a: canary\na: canary"},
      {FileFormat::json, "{\"a\": canary}"},
      {FileFormat::json, "{\"a\": \"canary\xff\"}"},
      {FileFormat::json, "{\"a\": \"canary\", \"a\": 1}"},
      {FileFormat::json, ""},
  };
  for (const auto& [format, bytes] : files) {
    EXPECT_THAT(refused(format, bytes), HasSubstr("f")) << bytes;
    EXPECT_THAT(refused(format, bytes), Not(HasSubstr("canary")));
  }
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(FileFormats, BombsAreRefusedAtTheirBudgets) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'h'; ++name) {
    const std::string before = "*" + std::string(1, static_cast<char>(name - 1)) + ", ";
    bomb += std::string(1, name) + ": &" + name + " [" + repeated(before, 10) + "x]\n";
  }
  EXPECT_THAT(refused(FileFormat::yaml, bomb), HasSubstr("aliases counted"));
  EXPECT_THAT(refused(FileFormat::yaml, "&a [*a]"), HasSubstr("within its own anchor"));
  const auto deep = repeated("[", 40) + repeated("]", 40);
  EXPECT_THAT(refused(FileFormat::yaml, deep), HasSubstr("at most 32 levels"));
  EXPECT_THAT(refused(FileFormat::json, deep), HasSubstr("at most 32 levels"));
  std::string lines;
  for (int i = 0; i <= 10'000; ++i) lines += "key" + std::to_string(i) + "=1\n";
  for (const auto format : {FileFormat::ini, FileFormat::properties, FileFormat::env})
    EXPECT_THAT(refused(format, lines), HasSubstr("at most 10000 keys"));
  EXPECT_THAT(refused(FileFormat::ini, "[" + std::string(2000, 'x') + "]\na=1"),
              HasSubstr("shorter section names"));
  EXPECT_THAT(refused(FileFormat::json, "[" + repeated("1,", 10'000) + "1]"),
              HasSubstr("at most 10000 keys"));
}

}  // namespace
}  // namespace mse
