// What pipelines declare in files: the canonical state of a dimension, and changes.
#pragma once

#include <string>
#include <string_view>

#include "exporter/config.h"
#include "exporter/evaluator.h"
#include "exporter/result.h"

namespace mse {

// A change declaration: a JSON object {state, from?, deploy_id, started, deadline, nodes?,
// dimensions?}. `started` is RFC 3339, `deadline` RFC 3339 or a duration after it. An unknown key
// or a wrong type is an error that names the key and what was expected.
Result<Declaration> parse_declaration(std::string_view json);

// The state that `source` declares now, repaired and at most 256 bytes: a literal, a file's trimmed
// text, or the string or number at a JSON pointer in it. Reads a local file of at most 64 KiB; a
// URL is an error.
Result<std::string> declared_state(const DeclaredSource& source);

// The same of what was read: `text` itself, trimmed, or what is at the pointer `json` in it.
Result<std::string> declared_state(const std::string& text, const std::string& json);

// The declaration in the file now; empty text when the file does not exist, which declares nothing.
Result<std::string> declaration_text(const FileSource& source);

}  // namespace mse
