// What pipelines declare in files: the canonical state of a dimension, and changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporter/config.h"
#include "exporter/evaluator.h"
#include "exporter/json_fields.h"
#include "exporter/result.h"

namespace mse {

// A change declaration: a JSON object {state, from?, deploy_id, started, deadline, nodes?,
// dimensions?}. `started` is RFC 3339, `deadline` RFC 3339 or a duration after it. An unknown key
// or a wrong type is an error that names the key and what was expected.
Result<Declaration> parse_declaration(std::string_view json);

// Its keys out of a larger object. `out.started` is when it is told, which is what an object
// without `started` means; Wall{}: one without is wrong.
void read_declaration(JsonFields& fields, Declaration& out);

// The time that `text` is, or that is so long after `start`; nothing when it is neither.
std::optional<Wall> end_after(const std::string& text, Wall start);

// The state that `source` declares now, repaired and at most 256 bytes: a literal, a file's trimmed
// text, or the string or number at a JSON pointer in it. Reads a local file of at most 64 KiB; a
// URL is an error.
Result<std::string> declared_state(const DeclaredSource& source);

// The same of what was read: `text` itself, trimmed, or what is at the pointer `json` in it.
Result<std::string> declared_state(const std::string& text, const std::string& json);

// The declaration in the file now; empty text when the file does not exist, which declares nothing.
Result<std::string> declaration_text(const FileSource& source);

}  // namespace mse
