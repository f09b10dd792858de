// Builds flat keys, and drives the JSON parser's events into them.
#include "collectors/file_keys.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "collectors/file_formats.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kKeyBytes = 16U << 20U;  // long keys of deep files, all together

// The parser keeps no stack of ours: `open_` holds the lists and maps not yet ended.
class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonEvents(std::string name) : keys(std::move(name)) {}

  bool null() override { return value("null"); }
  bool boolean(bool flag) override { return value(flag ? "true" : "false"); }
  bool number_integer(number_integer_t number) override { return value(std::to_string(number)); }
  bool number_unsigned(number_unsigned_t number) override { return value(std::to_string(number)); }
  // Beyond 15 digits two numbers may be one double: those are compared as they are written.
  bool number_float(number_float_t number, const string_t& written) override {
    return value(written.size() > 15 ? written : nlohmann::json(number).dump());
  }
  bool string(string_t& text) override { return value("=" + text); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close("{}"); }
  bool end_array() override { return close("[]"); }
  bool key(string_t& name) override {
    auto& map = open_.back();
    map.key = name;
    if (!map.seen.emplace(name, true).second)
      keys.refuse("duplicate key `" + repaired(name, 64) + "`");
    return keys.right();
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    keys.refuse("expected JSON at byte " + std::to_string(position));
    return false;
  }

  FileKeys keys;

 private:
  struct Open {
    FilePath path;
    bool map = false;
    std::size_t items = 0;
    std::string key;
    std::map<std::string, bool> seen;
  };

  FilePath next() {
    if (open_.empty()) return {};
    auto& parent = open_.back();
    const auto index = parent.items++;
    return parent.map ? parent.path.key(parent.key) : parent.path.item(index);
  }
  bool value(std::string text) {
    keys.add(next(), std::move(text));
    return keys.right();
  }
  bool open(bool map) {
    if (open_.size() >= kFileDepth)
      keys.refuse("expected at most " + std::to_string(kFileDepth) + " levels of nesting");
    open_.push_back({next(), map, 0, {}, {}});
    return keys.right();
  }
  bool close(const char* empty) {
    const auto ended = std::move(open_.back());
    open_.pop_back();
    if (ended.items == 0) keys.add(ended.path, empty);
    return keys.right();
  }

  std::vector<Open> open_;
};

}  // namespace

FilePath FilePath::key(std::string_view key) const {
  FilePath path = *this;
  ++path.depth_;
  if (!path.text_.empty()) path.text_ += '.';
  const bool plain = !key.empty() && key.find_first_of(".[]\"\\ ") == std::string_view::npos;
  if (plain) {
    path.text_ += key;
    return path;
  }
  path.text_ += '"';
  for (const char byte : key) {
    if (byte == '"' || byte == '\\') path.text_ += '\\';
    path.text_ += byte;
  }
  path.text_ += '"';
  return path;
}

FilePath FilePath::item(std::size_t index) const {
  FilePath path = *this;
  ++path.depth_;
  path.text_ += "[" + std::to_string(index) + "]";
  return path;
}

void FileKeys::add(const FilePath& path, std::string value) {
  if (!right()) return;
  key_bytes_ += path.text().size();
  if (path.depth() > kFileDepth)
    return refuse("expected at most " + std::to_string(kFileDepth) + " levels of nesting");
  if (values_.size() >= kFileKeys || key_bytes_ > kKeyBytes)
    return refuse("expected at most " + std::to_string(kFileKeys) + " keys");
  if (!values_.emplace(path.text(), std::move(value)).second)
    refuse("duplicate key `" + repaired(path.text(), 64) + "`");
}

void FileKeys::refuse(const std::string& why) {
  if (right()) wrong_ = name_ + ": " + why;
}

Result<FileValues> FileKeys::finish() && {
  if (!right()) return fail(std::move(wrong_));
  return std::move(values_);
}

Result<FileValues> parse_json_file(const std::string& bytes, const std::string& name) {
  JsonEvents events(name);
  nlohmann::json::sax_parse(bytes, &events, nlohmann::json::input_format_t::json, true, true);
  return std::move(events.keys).finish();
}

}  // namespace mse
