// Settings of the file collector, and files as states.
#include "collectors/file.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "collectors/dimension_name.h"
#include "collectors/file_thread.h"
#include "collectors/secrets.h"
#include "exporter/fingerprint.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::array<std::pair<std::string_view, FileFormat>, 6> kFormats{{
    {"yaml", FileFormat::yaml},
    {"json", FileFormat::json},
    {"ini", FileFormat::ini},
    {"properties", FileFormat::properties},
    {"env", FileFormat::env},
    {"text", FileFormat::text},
}};

// Whether one of `names` is `key` or something that it is in.
bool is_named(const std::vector<std::string>& names, std::string_view key) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return key.starts_with(name) &&
           (key.size() == name.size() || key[name.size()] == '.' || key[name.size()] == '[');
  });
}

class FileParts {
 public:
  FileParts(const FileSettings& settings, const std::string& hmac_key)
      : settings_(settings), parts_(hmac_key) {}

  Polled<void> add(const FoundFile& file) {
    const auto format = settings_.format.value_or(format_of(file.name));
    auto values = parse_file(format, file.bytes, repaired(file.name));
    if (!values) return tl::unexpected(Failure{Reason::protocol, values.error().message});
    if (several()) parts_.add(file.name, {std::to_string(file.pattern), "a file"});
    for (auto& [key, value] : *values) add_value(file, key, std::move(value));
    return {};
  }

  State state() const { return parts_.state("file/1"); }

 private:
  // The same on every node, whatever is there: what is asked for decides.
  bool several() const {
    return settings_.patterns.size() > 1 || has_wildcards(settings_.patterns.front());
  }

  void add_value(const FoundFile& file, const std::string& key, std::string value) {
    const auto part = several() ? file.name + ": " + key : key;
    if (is_named(settings_.ignore, key) || is_named(settings_.ignore, part)) return;
    const bool secret = is_named(settings_.secret, key) || is_named(settings_.secret, part) ||
                        is_secret(key, value) || is_secret(file.name, "") ||
                        file.name.find("pass") != std::string::npos ||
                        value.find("PRIVATE KEY") != std::string::npos;
    const std::vector<Cell> fields{std::to_string(file.pattern), std::move(value)};
    secret ? parts_.add_secret(part, fields) : parts_.add(part, fields);
  }

  const FileSettings& settings_;
  GuardedParts parts_;
};

class FileCollector : public Collector {
 public:
  explicit FileCollector(FileSettings settings) : settings_(std::move(settings)) {}

  std::vector<std::string> dimensions() const override { return {settings_.dimension}; }
  std::vector<std::string> deep_dimensions() const override { return {}; }
  bool has_positions() const override { return false; }
  bool needs_address() const override { return false; }
  std::unique_ptr<Session> open(std::string, Environment& environment) const override;
  std::string grants() const override;
  std::string connection_key() const override;

 private:
  FileSettings settings_;
};

std::unique_ptr<Session> FileCollector::open(std::string, Environment& environment) const {
  auto read = [settings = settings_, key = environment.hmac_key]() -> Polled<Report> {
    const auto files = read_files(settings.patterns, settings.limits);
    if (!files) return tl::unexpected(files.error());
    auto reading = file_reading(*files, settings, key);
    if (!reading) return tl::unexpected(reading.error());
    Report report;
    report.dimensions[settings.dimension] = *std::move(reading);
    return report;
  };
  return open_thread_session(std::move(read));
}

std::string FileCollector::grants() const {
  std::string lines;
  for (const auto& pattern : settings_.patterns)
    lines += "-- the exporter's own user reads " + repaired(pattern) + "\n";
  return lines;
}

std::string FileCollector::connection_key() const {
  std::map<std::string, std::string> rest{
      {"dimension", settings_.dimension},
      {"format", settings_.format ? std::to_string(static_cast<int>(*settings_.format)) : ""},
      {"bytes", std::to_string(settings_.limits.bytes)}};
  const auto add = [&](const std::string& name, const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) rest[name + std::to_string(i)] = texts[i];
  };
  add("pattern", settings_.patterns);
  add("ignore", settings_.ignore);
  add("secret", settings_.secret);
  return "file/" + std::to_string(fingerprint("file_connection/1", rest));
}

// A name that a path may hold as one of its parts.
bool is_file_name(const std::string& text) {
  return text.find('/') == std::string::npos && text != "." && text != "..";
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// `pattern` with the node's name and address for their placeholders.
std::string placed(Options& options, std::string_view key, std::string pattern) {
  constexpr std::string_view kNode = "{node}", kAddress = "{address}";
  const bool names_node = pattern.find(kNode) != std::string::npos;
  const bool names_address = pattern.find(kAddress) != std::string::npos;
  if (!names_node && !names_address) return pattern;
  const auto& node = options.node();
  if (names_node && !is_file_name(node.name))
    options.wrong(key, "a node's name that can be a file's, for {node}");
  if (names_address && (node.address.empty() || !is_file_name(node.address)))
    options.wrong(key, "a node's address that can be a file's name, for {address}");
  // The address first: a node may be named {address}, but no address {node}.
  replace_all(pattern, kAddress, without_wildcards(node.address));
  replace_all(pattern, kNode, without_wildcards(node.name));
  return pattern;
}

void read_patterns(FileSettings& settings, Options& options) {
  constexpr std::string_view kOne = "the path of a file, or a glob";
  const bool several = options.shape("paths") != Options::Shape::missing;
  if (several && options.shape("path") != Options::Shape::missing)
    options.wrong("path", "either it or `paths`, not both");
  if (const auto path = options.path("path"))
    settings.patterns = {placed(options, "path", *path)};
  else if (!several)
    options.wrong("path", kOne);
  for (const auto& path : options.paths("paths"))
    settings.patterns.push_back(placed(options, "paths", path));
  if (several && settings.patterns.empty()) options.wrong("paths", "a list of paths or globs");
}

std::optional<FileFormat> read_format(Options& options) {
  const auto word = options.text("format");
  if (!word || *word == "auto") return std::nullopt;
  for (const auto& [name, format] : kFormats)
    if (*word == name) return format;
  options.wrong("format", "auto, yaml, json, ini, properties, env or text");
  return std::nullopt;
}

}  // namespace

Polled<Reading> file_reading(const std::vector<FoundFile>& files, const FileSettings& settings,
                             const std::string& hmac_key) {
  Reading reading;
  reading.outcome = Absent{};
  if (files.empty()) return reading;
  FileParts parts(settings, hmac_key);
  for (const auto& file : files)
    if (auto added = parts.add(file); !added) return tl::unexpected(added.error());
  reading.outcome = parts.state();
  return reading;
}

Result<std::unique_ptr<Collector>> make_file(Options options) {
  FileSettings settings;
  settings.dimension = read_dimension(options).value_or(settings.dimension);
  read_patterns(settings, options);
  settings.format = read_format(options);
  settings.ignore = options.list("ignore");
  settings.secret = options.list("secret");
  settings.limits.bytes =
      static_cast<std::size_t>(options.integer("max_bytes", 1, 16 << 20).value_or(1 << 20));
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<FileCollector>(std::move(settings));
}

}  // namespace mse
