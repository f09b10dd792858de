// Typed reading of settings, and secrets.
#include "exporter/options.h"

#include <openssl/crypto.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "exporter/options_source.h"
#include "exporter/read_file.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Found = Options::Source::Found;

constexpr std::size_t kSecretBytes = 64U << 10U;

// Remembers the problem at the value found.
void refuse(const Found& found, std::string_view key, std::string_view expected) {
  found.owner->problem(found.value().place, found.owner->path_of(key), expected);
}

bool expect_kind(const Found& found, Yaml::Kind kind, std::string_view key,
                 std::string_view expected) {
  if (!found) return false;
  if (found.value().kind == kind) return true;
  refuse(found, key, expected);
  return false;
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_ratio(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  auto value = parse_number<double>(text);
  if (value && percent) *value /= 100;
  if (!value || !(*value >= 0 && *value <= 1)) return std::nullopt;
  return value;
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

// The value of a text, read by `parse`; a problem when it cannot be.
template <typename Parse>
auto parsed(Options::Source& source, std::string_view key, std::string_view expected, Parse parse)
    -> decltype(parse(std::string_view{})) {
  const auto found = source.read(key);
  if (!expect_kind(found, Yaml::Kind::text, key, expected)) return std::nullopt;
  auto value = parse(found.value().text);
  if (!value) refuse(found, key, expected);
  return value;
}

std::string trimmed(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string joined(const ConfigFile& file, const std::string& path) {
  return (std::filesystem::path(file.directory) / path).lexically_normal().string();
}

std::optional<Secret> read_secret_file(const Found& found, std::string_view key) {
  constexpr std::string_view kExpected = "the path of a file with the secret";
  if (!expect_kind(found, Yaml::Kind::text, key, kExpected)) return std::nullopt;
  const auto bytes = read_file(joined(*found.owner->file, found.value().text), kSecretBytes);
  if (!bytes) {
    refuse(found, key, "a readable file; " + bytes.error().message);
    return std::nullopt;
  }
  const auto secret = trimmed(*bytes);
  if (!secret.empty() && secret.find('\0') == std::string::npos) return Secret(secret);
  refuse(found, key, "a file with a secret; it is empty or holds NUL bytes");
  return std::nullopt;
}

// The name in "${NAME}", else empty.
std::string variable_in(const Yaml& value) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const std::string_view text = value.text;
  if (text.size() < 4 || !text.starts_with("${") || !text.ends_with('}')) return "";
  const auto name = text.substr(2, text.size() - 3);
  return name.find_first_not_of(kAllowed) == std::string_view::npos ? std::string(name) : "";
}

std::optional<Secret> read_secret_variable(const Found& found, std::string_view key) {
  const auto name = variable_in(found.value());
  if (name.empty()) {
    refuse(found, key,
           "${NAME} of an environment variable, or `" + std::string(key) +
               "_file`; an inline secret is refused");
    return std::nullopt;
  }
  const char* value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return Secret(value);
  refuse(found, key, "the environment variable " + name + " to be set");
  return std::nullopt;
}

std::vector<std::string> texts_of(const Found& found, const Yaml& list, std::string_view key,
                                  std::string_view expected) {
  std::vector<std::string> texts;
  for (const auto& item : list.items) {
    if (item->kind != Yaml::Kind::text || item->text.empty()) {
      found.owner->problem(item->place, found.owner->path_of(key), expected);
      return {};
    }
    texts.push_back(item->text);
  }
  return texts;
}

}  // namespace

Secret::~Secret() {
  // A moved-from string still holds its short text.
  value_.resize(value_.capacity());
  OPENSSL_cleanse(value_.data(), value_.size());
}

std::optional<std::string> Options::text(std::string_view key) {
  return parsed(*source_, key, "a text",
                [](std::string_view text) { return std::optional(std::string(text)); });
}

std::optional<std::string> Options::path(std::string_view key) {
  return parsed(*source_, key, "a path", [this](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(joined(*source_->file, std::string(text)));
  });
}

std::vector<std::string> Options::paths(std::string_view key) {
  auto paths = list(key);
  for (auto& path : paths) path = joined(*source_->file, path);
  return paths;
}

std::optional<Duration> Options::duration(std::string_view key) {
  return parsed(*source_, key, "a duration such as 15s or 1h30m", parse_duration);
}

std::optional<double> Options::ratio(std::string_view key) {
  return parsed(*source_, key, "a ratio from 0 to 1, such as 1% or 0.01", parse_ratio);
}

std::optional<bool> Options::flag(std::string_view key) {
  return parsed(*source_, key, "true or false", parse_flag);
}

std::optional<std::int64_t> Options::integer(std::string_view key, std::int64_t lowest,
                                             std::int64_t highest) {
  const std::string expected =
      "a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest);
  return parsed(*source_, key, expected, [&](std::string_view text) {
    const auto value = parse_number<std::int64_t>(text);
    return value && lowest <= *value && *value <= highest ? value : std::nullopt;
  });
}

std::vector<std::string> Options::list(std::string_view key) {
  constexpr std::string_view kExpected = "a list of texts";
  const auto found = source_->read(key);
  if (!expect_kind(found, Yaml::Kind::list, key, kExpected)) return {};
  return texts_of(found, found.value(), key, kExpected);
}

std::vector<std::vector<std::string>> Options::lists(std::string_view key) {
  constexpr std::string_view kExpected = "a list of lists of texts";
  const auto found = source_->read(key);
  if (!expect_kind(found, Yaml::Kind::list, key, kExpected)) return {};
  std::vector<std::vector<std::string>> all;
  for (const auto& item : found.value().items) {
    if (item->kind != Yaml::Kind::list)
      found.owner->problem(item->place, found.owner->path_of(key), kExpected);
    all.push_back(texts_of(found, *item, key, kExpected));
  }
  return all;
}

std::optional<Options> Options::map(std::string_view key) {
  source_->ask(key);
  auto child = source_->child(key);
  return child ? std::optional(Options(std::move(child))) : std::nullopt;
}

std::vector<Options> Options::maps(std::string_view key) {
  constexpr std::string_view kExpected = "a list of maps";
  const auto found = source_->read(key);
  if (!expect_kind(found, Yaml::Kind::list, key, kExpected)) return {};
  auto& kept = found.owner->children[std::string(key)];
  for (std::size_t i = kept.size(); i < found.value().items.size(); ++i) {
    const auto& item = found.value().items[i];
    const auto at = found.owner->path_of(key) + "[" + std::to_string(i) + "]";
    if (item->kind != Yaml::Kind::map) found.owner->problem(item->place, at, "a map");
    kept.push_back(std::make_shared<Source>(source_->file, at, item));
  }
  std::vector<Options> all;
  for (const auto& each : kept) all.emplace_back(each);
  return all;
}

std::optional<Secret> Options::secret(std::string_view key) {
  const auto file_key = std::string(key) + "_file";
  const auto file = source_->read(file_key);
  const auto variable = source_->read(key);
  if (file && variable && file.owner == variable.owner) {
    refuse(file, file_key, "either it or `" + std::string(key) + "`, not both");
    return std::nullopt;
  }
  // A node's own of either kind wins over the service's of the other.
  const bool base_file = file && variable && file.owner == source_.get();
  if (file && !base_file) return read_secret_file(file, file_key);
  return variable ? read_secret_variable(variable, key) : std::nullopt;
}

std::vector<std::string> Options::keys() const {
  Words all;
  for (auto* source = source_.get(); source != nullptr; source = source->over.get())
    for (const auto& [key, entry] : source->map->entries) all.insert(key);
  return {all.begin(), all.end()};
}

Options::Shape Options::shape(std::string_view key) const {
  const auto found = source_->find(key);
  if (!found) return Shape::missing;
  switch (found.value().kind) {
    case Yaml::Kind::text:
      return Shape::text;
    case Yaml::Kind::list:
      return Shape::list;
    case Yaml::Kind::map:
      return Shape::map;
    default:
      return Shape::null;
  }
}

std::optional<Options> Options::separate(std::string_view key) {
  source_->ask(key);
  auto child = source_->make_child(key);
  return child ? std::optional(Options(std::move(child))) : std::nullopt;
}

Options Options::rest() {
  auto left = std::make_shared<Yaml>();
  left->kind = Yaml::Kind::map;
  left->place = source_->map->place;
  for (const auto& [key, entry] : source_->map->entries)
    if (!source_->asked.contains(key)) left->entries.emplace(key, entry);
  auto source = std::make_shared<Source>(source_->file, source_->path, left);
  source->known = source_->asked;
  for (const auto& [key, entry] : left->entries) source_->handed.insert(key);
  return Options(std::move(source));
}

const Options::Node& Options::node() {
  source_->asked_node = true;
  return source_->node;
}

bool Options::asked_node() const {
  return source_->asked_node;
}

Options Options::on_node(Node node) const {
  auto source = std::make_shared<Source>(source_->file, source_->path, source_->map);
  source->over = source_->over;
  source->node = std::move(node);
  return Options(std::move(source));
}

void Options::wrong(std::string_view key, std::string_view expected) {
  if (key.empty()) return source_->problem(source_->map->place, source_->path, expected);
  const auto found = source_->read(key);
  if (found) return refuse(found, key, expected);
  source_->missing(key, expected);
}

Result<void> Options::finish() const {
  const auto* first = source_->first(true);
  if (first == nullptr) return {};
  return fail(source_->file->name + ":" + Source::told(*first));
}

Options Options::overridden_by(const Options& over) const {
  auto merged = std::make_shared<Source>(source_->file, source_->path, source_->map);
  merged->over = over.source_;
  return Options(std::move(merged));
}

}  // namespace mse
