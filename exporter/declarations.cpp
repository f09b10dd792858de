// Parsing of declarations, and the files they stand in.
#include "exporter/declarations.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "exporter/json_fields.h"
#include "exporter/read_file.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::size_t kFileBytes = 64U << 10U;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

Result<std::string> state_at(const std::string& text, const std::string& pointer) {
  const auto document = parse_any_json(text);
  if (!document) return fail(document.error().message);
  try {
    const json::json_pointer where(pointer);
    if (!document->contains(where)) return fail("nothing at " + pointer);
    const json& value = document->at(where);
    if (!value.is_string() && !value.is_number_integer())
      return fail("expected a string or a whole number at " + pointer);
    return text_of_json(value);
  } catch (const json::exception&) {
    return fail("nothing at " + pointer);
  }
}

Result<std::string> state_in(const FileSource& source) {
  const auto text = read_file(source.path, kFileBytes);
  if (!text) return fail(text.error().message);
  auto state = declared_state(*text, source.json);
  if (!state) return fail(source.path + ": " + state.error().message);
  return state;
}

}  // namespace

std::optional<Wall> end_after(const std::string& text, Wall start) {
  const auto length = parse_duration(text);
  if (!length) return parse_timestamp(text);
  if (*length > Wall::max() - start) return std::nullopt;
  return start + std::chrono::duration_cast<Wall::duration>(*length);
}

void read_declaration(JsonFields& fields, Declaration& out) {
  out.state = fields.text("state");
  out.from = fields.text("from", false);
  out.deploy_id = fields.text("deploy_id");
  out.nodes = fields.list("nodes");
  out.dimensions = fields.list("dimensions");
  const auto started = out.started == Wall{} || fields.has("started")
                           ? parse_timestamp(fields.text("started"))
                           : out.started;
  if (!started) fields.wrong("started", "expected a time such as 2026-03-01T12:00:00Z");
  out.started = started.value_or(Wall{});
  const auto deadline = end_after(fields.text("deadline"), out.started);
  if (!deadline)
    fields.wrong("deadline",
                 "expected a time such as 2026-03-01T12:00:00Z or a duration such as 30m");
  out.deadline = deadline.value_or(Wall{});
  if (out.deadline <= out.started) fields.wrong("deadline", "expected a time after started");
}

Result<Declaration> parse_declaration(std::string_view text) {
  const auto document = parse_json_object(text);
  if (!document) return fail(document.error().message);
  JsonFields fields(*document);
  Declaration declaration;
  read_declaration(fields, declaration);
  fields.only({"state", "from", "deploy_id", "started", "deadline", "nodes", "dimensions"});
  if (!fields.error().empty()) return fail(fields.error());
  return declaration;
}

Result<std::string> declared_state(const std::string& text, const std::string& json) {
  auto state = json.empty() ? Result<std::string>(repaired(trimmed(text))) : state_at(text, json);
  if (state && state->empty()) return fail("declares no state, it is empty");
  return state;
}

Result<std::string> declared_state(const DeclaredSource& source) {
  if (const auto* literal = std::get_if<Literal>(&source)) return literal->state;
  if (const auto* file = std::get_if<FileSource>(&source)) return state_in(*file);
  return fail("what is at a URL has to be fetched");
}

Result<std::string> declaration_text(const FileSource& source) {
  std::error_code unknown;
  if (!std::filesystem::exists(source.path, unknown) && !unknown) return std::string();
  return read_file(source.path, kFileBytes);
}

}  // namespace mse
