// Nodes out of Prometheus `file_sd` files, read when they change.
#pragma once

#include <map>
#include <string>

#include "exporter/discovery_source.h"
#include "exporter/file_sd.h"
#include "exporter/result.h"

namespace mse {

// Which content a path has, as stat(2) tells it; symlinks are followed, so a swap is seen.
struct FileStamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, modified = 0, changed = 0;  // ns

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// The groups of all files as nodes. Of a group's labels, `name_label` names its node (else its
// address does; it is not kept as a label), `serving` "false" takes it out of exposure and
// majority, those that begin with __ are dropped, and all others are the node's labels.
std::vector<NodeSettings> nodes_of(const std::vector<TargetGroup>& groups,
                                   const DiscoverySettings& settings);

// Fails as a whole when one file cannot be read or is wrong, or when no file matches: half an
// inventory would pass for the whole. Costs a glob and a stat a file while nothing changes; on a
// hung network filesystem it would hang the loop, so the files are to be local.
class DiscoveredFiles : public DiscoverySource {
 public:
  explicit DiscoveredFiles(DiscoverySettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> find(Mono deadline) override;

  // The same, at once.
  Result<std::shared_ptr<const FoundNodes>> read();

 private:
  struct File {
    FileStamp stamp;
    Result<std::vector<TargetGroup>> groups;
  };

  // Reads those that changed; true when any did.
  Result<bool> refresh(const std::vector<std::string>& paths);
  Result<std::vector<TargetGroup>> all_groups() const;

  const DiscoverySettings settings_;
  std::map<std::string, File> files_;  // by path
  std::shared_ptr<const FoundNodes> last_;
};

}  // namespace mse
