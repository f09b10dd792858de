// Flat keys of nested files, within budgets; and JSON, which is read straight into them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace mse {

using FileValues = std::map<std::string, std::string>;

// Where a value is: `server.ports[0]`, `labels."app.kubernetes.io/name"`.
class FilePath {
 public:
  FilePath key(std::string_view key) const;
  FilePath item(std::size_t index) const;
  const std::string& text() const { return text_; }
  std::size_t depth() const { return depth_; }

 private:
  std::string text_;
  std::size_t depth_ = 0;
};

// Collects values; the first thing that is wrong ends it.
class FileKeys {
 public:
  explicit FileKeys(std::string name) : name_(std::move(name)) {}

  void add(const FilePath& path, std::string value);  // a path said before is wrong
  void refuse(const std::string& why);
  bool right() const { return wrong_.empty(); }
  Result<FileValues> finish() &&;

 private:
  std::string name_, wrong_;
  FileValues values_;
  std::size_t key_bytes_ = 0;
};

Result<FileValues> parse_json_file(const std::string& bytes, const std::string& name);

}  // namespace mse
