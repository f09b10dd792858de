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

// One `collect` entry of a service: the collector of each node, by node name. Nodes that override
// nothing share one.
struct CollectEntry {
  std::string kind;
  std::map<std::string, std::shared_ptr<const Collector>> by_node;
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

// The configuration in `path`, its collectors made by `kinds`. Every error is
// `file:line:column: key: what was expected`, one line. Connects nowhere; reads the secret files
// that it names. Bounded in time and memory whatever the file holds: 4 MiB, depth 64, 100,000
// nodes.
Result<Config> load_config(const std::string& path, const std::vector<CollectorKind>& kinds);

// A YAML map as Options, for a collector's own tests; `file` only names it in errors.
Result<Options> parse_options(const std::string& yaml, const std::string& file);

}  // namespace mse
