// Declarations: what a pipeline may write, and the sentence it gets for what it may not.
#include "exporter/declarations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "exporter/time_text.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kWhole = R"({"state": "42", "from": "41", "deploy_id": "d-7",
  "started": "2026-03-01T12:00:00Z", "deadline": "30m", "nodes": ["pg-1"], "dimensions": ["schema"]})";

std::string error_of(const std::string& text) {
  const auto declaration = parse_declaration(text);
  return declaration ? "" : declaration.error().message;
}

// `kWhole` with `from` replaced by `to`.
std::string with(const std::string& from, const std::string& to) {
  std::string text = kWhole;
  return text.replace(text.find(from), from.size(), to);
}

TEST(Declaration, HoldsWhatThePipelineWrote) {
  const auto declaration = parse_declaration(kWhole).value();
  EXPECT_EQ(declaration.state, "42");
  EXPECT_EQ(declaration.from, "41");
  EXPECT_EQ(declaration.deploy_id, "d-7");
  EXPECT_EQ(format_timestamp(declaration.started), "2026-03-01T12:00:00Z");
  EXPECT_EQ(format_timestamp(declaration.deadline), "2026-03-01T12:30:00Z");
  EXPECT_THAT(declaration.nodes, ElementsAre("pg-1"));
  EXPECT_THAT(declaration.dimensions, ElementsAre("schema"));
}

TEST(Declaration, OptionalKeysMayBeLeftOutAndVersionsWrittenBare) {
  const auto declaration = parse_declaration(
      R"({"state": 42, "deploy_id": "d", "started": "2026-03-01", "deadline": "2026-03-02"})");
  EXPECT_EQ(declaration.value().state, "42");
  EXPECT_EQ(declaration.value().from, "");
  EXPECT_THAT(declaration.value().nodes, IsEmpty());
  EXPECT_EQ(format_timestamp(declaration.value().deadline), "2026-03-02T00:00:00Z");
}

TEST(Declaration, WhatIsWrongIsNamed) {
  EXPECT_EQ(error_of("{"), "not valid JSON");
  EXPECT_EQ(error_of("[]"), "expected a JSON object");
  EXPECT_EQ(error_of(with("\"state\": \"42\", ", "")), "state: is missing");
  EXPECT_EQ(error_of(with("\"d-7\"", "\"\"")), "deploy_id: expected a string that is not empty");
  EXPECT_EQ(error_of(with("\"42\"", "[42]")), "state: expected a string that is not empty");
  EXPECT_EQ(error_of(with("2026-03-01T12:00:00Z", "noon")),
            "started: expected a time such as 2026-03-01T12:00:00Z");
  EXPECT_EQ(error_of(with("30m", "soon")),
            "deadline: expected a time such as 2026-03-01T12:00:00Z or a duration such as 30m");
  EXPECT_EQ(error_of(with("30m", "0s")), "deadline: expected a time after started");
  EXPECT_EQ(error_of(with("30m", "2026-02-01")), "deadline: expected a time after started");
  EXPECT_EQ(error_of(with("[\"pg-1\"]", "\"pg-1\"")), "nodes: expected a list of strings");
  EXPECT_THAT(error_of(with("from", "form")), HasSubstr("form: unknown key; expected state"));
}

TEST(Declaration, HostileTextIsRepaired) {
  const auto declaration = parse_declaration(with("\"42\"", R"("4\u00002")")).value();
  EXPECT_EQ(declaration.state, "4 2");
}

class DeclaredState : public testing::Test {
 protected:
  ~DeclaredState() override { std::filesystem::remove(path_); }

  std::string read(const std::string& bytes, const std::string& pointer = "") {
    std::ofstream(path_, std::ios::binary) << bytes;
    const auto state = declared_state(FileSource{path_, pointer});
    return state ? *state : "error: " + state.error().message;
  }

  std::string path_ =
      std::filesystem::temp_directory_path() / ("declared_state." + std::to_string(::getpid()));
};

TEST_F(DeclaredState, IsALiteralOrAFilesTrimmedText) {
  EXPECT_EQ(declared_state(Literal{"1.2.3"}).value(), "1.2.3");
  EXPECT_EQ(read("  1.2.3\r\n"), "1.2.3");
}

TEST_F(DeclaredState, IsFoundByJsonPointer) {
  EXPECT_EQ(read(R"({"a": {"version": "1.2"}})", "/a/version"), "1.2");
  EXPECT_EQ(read(R"({"a": [41, 42]})", "/a/1"), "42");
}

TEST_F(DeclaredState, ThatIsNotThereIsAnErrorNotAnEmptyState) {
  EXPECT_THAT(read(""), HasSubstr("declares no state"));
  EXPECT_THAT(read(" \n"), HasSubstr("declares no state"));
  EXPECT_THAT(read(R"({"a": 1})", "/b"), EndsWith("nothing at /b"));
  EXPECT_THAT(read(R"([1])", "/x"), EndsWith("nothing at /x"));
  EXPECT_THAT(read(R"({"a": {}})", "/a"), EndsWith("expected a string or a whole number at /a"));
  EXPECT_THAT(read("{", "/a"), EndsWith("not valid JSON"));
  EXPECT_THAT(declared_state(FileSource{"/nowhere", ""}).error().message, HasSubstr("/nowhere"));
}

TEST_F(DeclaredState, ADeclarationFileThatDoesNotExistDeclaresNothing) {
  EXPECT_EQ(declaration_text(FileSource{"/nowhere/deploy.json", ""}).value(), "");
  EXPECT_FALSE(declaration_text(FileSource{"/", ""}).has_value());
}

}  // namespace
}  // namespace mse
