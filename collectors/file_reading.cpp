// Globs, resolves links, reads, and looks again.
#include "collectors/file_reading.h"

#include <limits.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "exporter/matching_paths.h"
#include "exporter/read_file.h"

namespace mse {
namespace {

constexpr int kTries = 5;
constexpr std::string_view kWildcards = "*?[";

// A match, and the file that its links lead to.
struct Match {
  std::size_t pattern = 0;
  std::string path, target;

  friend bool operator==(const Match&, const Match&) = default;
};
using Matches = std::vector<Match>;

tl::unexpected<Failure> failed(Reason reason, std::string text) {
  return tl::unexpected(Failure{reason, std::move(text)});
}

tl::unexpected<Failure> not_permitted(const std::string& path) {
  return failed(Reason::permission, "cannot read " + path + ": " + std::strerror(EACCES));
}

tl::unexpected<Failure> not_listed(const Unlisted& unlisted) {
  if (unlisted.code == EACCES || unlisted.code == EPERM) return not_permitted(unlisted.path);
  const bool is_want =
      unlisted.code == EMFILE || unlisted.code == ENFILE || unlisted.code == ENOMEM;
  return failed(is_want ? Reason::overload : Reason::internal,
                "cannot list " + unlisted.path + ": " + std::strerror(unlisted.code));
}

// Without its wildcards' escapes: the path of the only file that `pattern` can match.
std::string literal(const std::string& pattern) {
  std::string path;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    path += pattern[i];
  }
  return path;
}

std::size_t first_wildcard(const std::string& pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\')
      ++i;
    else if (kWildcards.find(pattern[i]) != std::string_view::npos)
      return i;
  }
  return std::string::npos;
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// What a link leads nowhere to is missing.
Polled<void> resolve(Matches& matches, std::size_t pattern, const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr),
                                                           std::free);
  if (target) matches.push_back({pattern, path, target.get()});
  if (target || errno == ENOENT || errno == ENOTDIR) return {};
  if (errno == EACCES || errno == EPERM) return not_permitted(path);
  return failed(Reason::internal, "cannot resolve " + path + ": " + std::strerror(errno));
}

Polled<void> match(Matches& matches, std::size_t index, const std::string& pattern) {
  if (first_wildcard(pattern) == std::string::npos)
    return resolve(matches, index, literal(pattern));
  const auto paths = matching_paths(pattern);
  if (!paths) return not_listed(paths.error());
  for (const auto& path : *paths) {
    if (is_folder(path)) continue;
    if (auto resolved = resolve(matches, index, path); !resolved) return resolved;
  }
  return {};
}

Polled<Matches> match_all(const std::vector<std::string>& patterns) {
  Matches matches;
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (auto matched = match(matches, i, patterns[i]); !matched)
      return tl::unexpected(matched.error());
  return matches;
}

Reason reason_of(Unread::Why why) {
  switch (why) {
    case Unread::Why::permission:
      return Reason::permission;
    case Unread::Why::too_long:
      return Reason::too_large;
    case Unread::Why::not_regular:
      return Reason::protocol;
    case Unread::Why::missing:
    case Unread::Why::changed:
      return Reason::partial;
    default:
      return Reason::internal;
  }
}

std::string name_of(const std::string& pattern, const std::string& path) {
  const auto wildcard = first_wildcard(pattern);
  if (wildcard == std::string::npos) return path.substr(path.rfind('/') + 1);
  const auto folder = literal(pattern.substr(0, pattern.rfind('/', wildcard) + 1));
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

Polled<std::vector<FoundFile>> read_all(const Matches& matches,
                                        const std::vector<std::string>& patterns,
                                        const FileLimits& limits) {
  if (matches.size() > limits.files)
    return failed(Reason::too_large, "more than " + std::to_string(limits.files) + " files match");
  std::vector<FoundFile> files;
  std::size_t total = 0;
  for (const auto& each : matches) {
    auto bytes = read_regular_file(each.target, limits.bytes);
    if (!bytes) return failed(reason_of(bytes.error().why), std::move(bytes.error().text));
    total += bytes->size();
    if (total > limits.total_bytes) return failed(Reason::too_large, "the files are too long");
    files.push_back({each.pattern, name_of(patterns[each.pattern], each.path), *std::move(bytes)});
  }
  return files;
}

bool may_pass(const Failure& failure) {
  return failure.reason == Reason::partial;
}

}  // namespace

Polled<std::vector<FoundFile>> read_files(const std::vector<std::string>& patterns,
                                          const FileLimits& limits) {
  std::string last = "the files changed while they were read";
  auto before = match_all(patterns);
  for (int i = 0; i < kTries; ++i) {
    if (!before) return tl::unexpected(before.error());
    auto files = read_all(*before, patterns, limits);
    if (!files && !may_pass(files.error())) return files;
    auto after = match_all(patterns);
    if (files && after && *after == *before) return files;
    if (!files) last = files.error().text;
    before = std::move(after);
  }
  return failed(Reason::partial, last);
}

bool has_wildcards(const std::string& pattern) {
  return first_wildcard(pattern) != std::string::npos;
}

std::string without_wildcards(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (kWildcards.find(byte) != std::string_view::npos || byte == '\\') out += '\\';
    out += byte;
  }
  return out;
}

}  // namespace mse
