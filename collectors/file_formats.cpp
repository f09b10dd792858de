// One reader for each format, all into the same flat keys.
#include "collectors/file_formats.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "collectors/file_keys.h"
#include "collectors/file_lines.h"
#include "exporter/yaml_tree.h"

namespace mse {
namespace {

void flatten(FileKeys& keys, const Yaml& value, const FilePath& path);

void flatten_list(FileKeys& keys, const Yaml& list, const FilePath& path) {
  if (list.items.empty()) keys.add(path, "[]");
  for (std::size_t i = 0; i < list.items.size() && keys.right(); ++i)
    flatten(keys, *list.items[i], path.item(i));
}

void flatten_map(FileKeys& keys, const Yaml& map, const FilePath& path) {
  if (map.entries.empty()) keys.add(path, "{}");
  for (const auto& [key, entry] : map.entries)
    if (keys.right()) flatten(keys, *entry.value, path.key(key));
}

// No deeper than the tree, which is 64 levels at most.
void flatten(FileKeys& keys, const Yaml& value, const FilePath& path) {
  switch (value.kind) {
    case Yaml::Kind::list:
      return flatten_list(keys, value, path);
    case Yaml::Kind::map:
      return flatten_map(keys, value, path);
    case Yaml::Kind::text:
      return keys.add(path, "=" + value.text);
    case Yaml::Kind::null:
      return keys.add(path, "null");
  }
}

Result<FileValues> parse_yaml_file(const std::string& bytes, const std::string& name) {
  const auto documents = parse_foreign_yaml(bytes, name);
  if (!documents) return tl::unexpected(documents.error());
  FileKeys keys(name);
  const auto& all = (*documents)->items;
  for (std::size_t i = 0; i < all.size(); ++i)
    flatten(keys, *all[i], i == 0 ? FilePath() : FilePath().item(i));
  return std::move(keys).finish();
}

}  // namespace

FileFormat format_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, FileFormat>, 8> kEnds{{
      {".yaml", FileFormat::yaml},
      {".yml", FileFormat::yaml},
      {".json", FileFormat::json},
      {".ini", FileFormat::ini},
      {".cnf", FileFormat::ini},
      {".cfg", FileFormat::ini},
      {".properties", FileFormat::properties},
      {".env", FileFormat::env},
  }};
  const auto found = std::find_if(kEnds.begin(), kEnds.end(),
                                  [&](auto& end) { return path.ends_with(end.first); });
  if (found != kEnds.end()) return found->second;
  return path == "env" || path.ends_with("/env") ? FileFormat::env : FileFormat::text;
}

Result<FileValues> parse_file(FileFormat format, const std::string& bytes,
                              const std::string& name) {
  switch (format) {
    case FileFormat::yaml:
      return parse_yaml_file(bytes, name);
    case FileFormat::json:
      return parse_json_file(bytes, name);
    case FileFormat::ini:
      return parse_ini(bytes, name);
    case FileFormat::properties:
      return parse_properties(bytes, name);
    case FileFormat::env:
      return parse_env(bytes, name);
    case FileFormat::text:
      return FileValues{{"content", trimmed_lines(bytes)}};
  }
  return fail(name + " has no format");
}

}  // namespace mse
