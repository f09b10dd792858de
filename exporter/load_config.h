// Reads the configuration file: strictly, within budgets, with errors that name file, line, column
// and key.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/collector.h"
#include "exporter/config.h"
#include "exporter/result.h"

namespace mse {

// One `collect` entry of a service: the collector of each configured node, by node name, and that
// of the discovered ones. Nodes that override nothing share one, unless its settings name the node.
struct CollectEntry {
  std::string kind;
  std::map<std::string, std::shared_ptr<const Collector>> by_node;
  std::shared_ptr<const Collector> discovered;  // null where none are looked for

  // Null for a node that is neither.
  std::shared_ptr<const Collector> of(const std::string& node) const;
  std::vector<std::shared_ptr<const Collector>> all() const;
};

struct ServiceConfig {
  ServiceSettings settings;
  std::vector<CollectEntry> collect;
};

struct Config {
  Cadences cadences;
  std::vector<ServiceConfig> services;
  std::vector<Maintenance> maintenance;
};

// The configuration in `path`, its collectors made by `kinds`, whose errors are those of finish()
// of the options they get. Every error is one line, `file:line:column: key: what was expected`, but
// that of a file that cannot be read, which names it. Connects nowhere; reads the secret files that
// it names. Bounded in time and memory whatever the file holds: 4 MiB, depth 64, 100,000 keys and
// values. To reload call it again: the old configuration is the caller's to keep when it fails.
Result<Config> load_config(const std::string& path, const std::vector<CollectorKind>& kinds);

// A YAML map as Options, for a collector's own tests; `file` only names it in errors.
Result<Options> parse_options(const std::string& yaml, const std::string& file);

}  // namespace mse
