// A YAML document as a tree of our own, built within budgets: each value with its place, each alias
// resolved.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace mse {

// Where something is written; both count from 1.
struct Place {
  int line = 1, column = 1;

  friend auto operator<=>(const Place&, const Place&) = default;
};

// One value. An alias shares the value of its anchor, and so its place.
struct Yaml {
  enum class Kind { null, text, list, map };
  struct Entry {
    Place place;  // of the key
    std::shared_ptr<const Yaml> value;
  };

  Kind kind = Kind::null;
  Place place;
  std::string text;  // of a text, quoted or not: valid UTF-8 without control characters
  std::vector<std::shared_ptr<const Yaml>> items;
  std::map<std::string, Entry, std::less<>> entries;
  std::size_t nodes = 1;   // keys and values in it, an alias counted each time it is used
  std::size_t height = 1;  // of the deepest value in it
};
using YamlTree = std::shared_ptr<const Yaml>;

constexpr std::size_t kYamlBytes = 4U << 20U;
constexpr std::size_t kYamlDepth = 64;
constexpr std::size_t kYamlNodes = 100'000;
constexpr std::size_t kYamlLines = 500'000;
// Brackets, quotes, commas, colons and the like: yaml-cpp keeps a bracketed part in memory, about
// 250 bytes for each of these, before it says a word of it.
constexpr std::size_t kYamlIndicators = 300'000;

// The one document in `bytes` (null when there is none). Every error begins `file:line:column: `
// and quotes no value. Refused are: what exceeds a budget, an alias within its own anchor, a
// duplicate or merge key, a key that is no text, tags, NUL bytes, invalid UTF-8 and control
// characters. Takes less than a second and 150 MB whatever the bytes are.
Result<YamlTree> parse_yaml(const std::string& bytes, const std::string& file);

// The same, but a text (no key) may have several lines, as a PEM has.
Result<YamlTree> parse_yaml_with_lines(const std::string& bytes, const std::string& file);

// The same for a file that is not ours: a list of its documents, in which merge keys are keys like
// any other, a text keeps its tag in front ("!vault x") and the newline at its end, and one that
// would be null, a truth value, a number, quoted or tagged without its quotes keeps them. Tags of
// lists and maps are still refused.
Result<YamlTree> parse_foreign_yaml(const std::string& bytes, const std::string& file);

}  // namespace mse
