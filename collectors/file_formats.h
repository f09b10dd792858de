// What a configuration file says, whatever it looks like: keys and values without comments, order
// and white space.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace mse {

enum class FileFormat { yaml, json, ini, properties, env, text };

// By the name's end: .yaml .yml, .json, .ini .cnf .cfg, .properties, .env (and a file named env);
// else text.
FileFormat format_of(std::string_view path);

constexpr std::size_t kFileDepth = 32;
constexpr std::size_t kFileKeys = 10'000;

// Keys and values of `bytes`. No two files that mean different things give the same, as far as the
// format tells:
//  yaml, json   nested keys joined by dots, list items by place: `server.ports[0]`; a key with dots
//               or brackets of its own is quoted. Texts, numbers, truth values and null differ.
//               JSON may have comments; YAML several documents, the keys of a second begin with
//               [1]. Duplicate keys are refused.
//  ini          `section.key`; a key said twice counts: `key`, `key (2)`. Only lines that begin
//               with # or ; are comments.
//  properties   as Java reads them: continued lines, escapes; the last of equal keys counts.
//  env          NAME=value, with or without `export` and quotes; the last counts.
//  text         one key, `content`: the lines without the blanks around them, no empty ones.
//
// An error is a sentence that names the place and quotes no value. Bounded in time and memory:
// depth 32 and 10,000 keys, aliases counted where they are used.
Result<std::map<std::string, std::string>> parse_file(FileFormat format, const std::string& bytes,
                                                      const std::string& name);

}  // namespace mse
