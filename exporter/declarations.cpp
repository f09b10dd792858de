// Parsing of declarations, and the files they stand in.
#include "exporter/declarations.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "exporter/read_file.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::size_t kFileBytes = 64U << 10U;
constexpr std::array<std::string_view, 7> kKeys{"state",    "from",  "deploy_id", "started",
                                                "deadline", "nodes", "dimensions"};
constexpr std::size_t kListed = 10000;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

// A string, or a whole number spelled out: versions are often written bare.
std::optional<std::string> spelled(const json& value) {
  if (value.is_string()) return repaired(value.get_ref<const std::string&>());
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

// Reads one key after the other and keeps the first error.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  std::string text(const char* key, bool required) {
    const auto found = object_.find(key);
    if (found == object_.end() && required) wrong(key, "is missing");
    if (found == object_.end()) return "";
    const auto value = spelled(*found);
    if (!value || value->empty()) wrong(key, "expected a string that is not empty");
    return value.value_or("");
  }

  std::vector<std::string> list(const char* key) {
    const auto found = object_.find(key);
    if (found == object_.end()) return {};
    const bool strings = found->is_array() && found->size() <= kListed &&
                         std::all_of(found->begin(), found->end(),
                                     [](const json& item) { return item.is_string(); });
    if (!strings) wrong(key, "expected a list of strings");
    return strings ? found->get<std::vector<std::string>>() : std::vector<std::string>{};
  }

  void wrong(const std::string& key, const std::string& what) {
    if (error_.empty()) error_ = key + ": " + what;
  }

  const std::string& error() const { return error_; }

 private:
  const json& object_;
  std::string error_;
};

void read_times(Fields& fields, Declaration& declaration) {
  const auto started = parse_timestamp(fields.text("started", true));
  if (!started) fields.wrong("started", "expected a time such as 2026-03-01T12:00:00Z");
  const auto text = fields.text("deadline", true);
  const auto length = parse_duration(text);
  const auto instant = parse_timestamp(text);
  if (!length && !instant)
    fields.wrong("deadline",
                 "expected a time such as 2026-03-01T12:00:00Z or a duration such as 30m");
  declaration.started = started.value_or(Wall{});
  declaration.deadline =
      length ? declaration.started + std::chrono::duration_cast<Wall::duration>(*length)
             : instant.value_or(Wall{});
  if (declaration.deadline <= declaration.started)
    fields.wrong("deadline", "expected a time after started");
}

void refuse_unknown_keys(const json& object, Fields& fields) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      fields.wrong(repaired(key),
                   "unknown key; expected state, from, deploy_id, started, deadline, "
                   "nodes or dimensions");
  }
}

Result<json> parse_json(std::string_view text) {
  auto value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return fail("not valid JSON");
  return value;
}

Result<std::string> state_at(const std::string& text, const std::string& pointer) {
  const auto document = parse_json(text);
  if (!document) return fail(document.error().message);
  try {
    const json::json_pointer where(pointer);
    if (!document->contains(where)) return fail("nothing at " + pointer);
    const auto value = spelled(document->at(where));
    return value ? Result<std::string>(*value)
                 : fail("expected a string or a whole number at " + pointer);
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

Result<Declaration> parse_declaration(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return fail(document.error().message);
  if (!document->is_object()) return fail("expected a JSON object");
  Fields fields(*document);
  Declaration declaration;
  declaration.state = fields.text("state", true);
  declaration.from = fields.text("from", false);
  declaration.deploy_id = fields.text("deploy_id", true);
  declaration.nodes = fields.list("nodes");
  declaration.dimensions = fields.list("dimensions");
  read_times(fields, declaration);
  refuse_unknown_keys(*document, fields);
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
