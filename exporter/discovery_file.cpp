// Globs, stats, and reads of what changed.
#include "exporter/discovery_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "exporter/matching_paths.h"
#include "exporter/read_file.h"

namespace mse {
namespace {

constexpr std::size_t kMostFiles = 1000;

Result<std::vector<std::string>> paths_of(const std::vector<std::string>& patterns) {
  std::set<std::string> all;
  for (const auto& pattern : patterns) {
    const auto paths = matching_paths(pattern);
    if (!paths)
      return fail("cannot list " + paths.error().path + ": " + std::strerror(paths.error().code));
    if (paths->empty()) return fail("no file matches " + pattern);
    all.insert(paths->begin(), paths->end());
  }
  if (all.size() > kMostFiles)
    return fail("more than " + std::to_string(kMostFiles) + " files match " + patterns.front());
  return std::vector<std::string>(all.begin(), all.end());
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Result<FileStamp> stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    return fail("cannot read " + path + ": " + std::strerror(errno));
  return FileStamp{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                   nanoseconds(status.st_ctim)};
}

Result<std::vector<TargetGroup>> groups_in(const std::string& path) {
  const auto bytes = read_file(path, kFileSdBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_file_sd(*bytes, path);
}

// The labels of the settings, over them those of a group, but for what is not a label of a node.
NodeSettings node_of(const std::string& address, const TargetGroup& group,
                     const DiscoverySettings& settings) {
  NodeSettings node{address, address, settings.labels, true};
  for (const auto& [name, value] : group.labels) {
    if (name == settings.name_label) {
      node.name = value;
    } else if (name == "serving") {
      node.serving = value != "false";
    } else if (!name.starts_with("__")) {
      node.labels[name] = value;
    }
  }
  return node;
}

}  // namespace

std::vector<NodeSettings> nodes_of(const std::vector<TargetGroup>& groups,
                                   const DiscoverySettings& settings) {
  std::vector<NodeSettings> nodes;
  for (const auto& group : groups)
    for (const auto& address : group.targets) nodes.push_back(node_of(address, group, settings));
  return nodes;
}

asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> DiscoveredFiles::find(
    Mono /*deadline*/) {
  auto found = read();
  if (!found) co_return tl::unexpected(Failure{Reason::protocol, found.error().message});
  co_return *found;
}

Result<std::shared_ptr<const FoundNodes>> DiscoveredFiles::read() {
  const auto paths = paths_of(std::get<FileDiscovery>(settings_.source).files);
  if (!paths) return tl::unexpected(paths.error());
  const auto moved = refresh(*paths);
  if (!moved) return tl::unexpected(moved.error());
  if (last_ && !*moved) return last_;
  const auto groups = all_groups();
  if (!groups) return tl::unexpected(groups.error());
  last_ = std::make_shared<const FoundNodes>(unique_nodes(nodes_of(*groups, settings_)));
  return last_;
}

Result<bool> DiscoveredFiles::refresh(const std::vector<std::string>& paths) {
  const std::set<std::string> wanted(paths.begin(), paths.end());
  bool moved = std::erase_if(files_, [&](const auto& f) { return !wanted.contains(f.first); }) > 0;
  for (const auto& path : paths) {
    const auto stamp = stamp_of(path);
    if (!stamp) return tl::unexpected(stamp.error());
    const auto known = files_.find(path);
    if (known != files_.end() && known->second.stamp == *stamp) continue;
    files_.insert_or_assign(path, File{*stamp, groups_in(path)});
    moved = true;
  }
  // A file that is wrong stays so until it changes.
  for (const auto& [path, file] : files_)
    if (!file.groups) return tl::unexpected(file.groups.error());
  return moved;
}

Result<std::vector<TargetGroup>> DiscoveredFiles::all_groups() const {
  std::vector<TargetGroup> all;
  std::size_t targets = 0;
  for (const auto& [path, file] : files_)
    for (const auto& group : *file.groups) {
      targets += group.targets.size();
      all.push_back(group);
    }
  if (targets <= kFileSdTargets) return all;
  return fail("expected at most " + std::to_string(kFileSdTargets) + " targets in all files of " +
              std::get<FileDiscovery>(settings_.source).files.front());
}

}  // namespace mse
