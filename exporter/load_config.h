// Reads the configuration file: strictly, within budgets, with errors that name file, line, column
// and key.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/collector.h"
#include "exporter/config.h"
#include "exporter/fetch.h"
#include "exporter/result.h"

namespace mse {

// One `collect` entry of a service: the collector of each configured node, by node name, and that
// of the discovered ones. Nodes that override nothing share one, unless its settings name the node.
struct CollectEntry {
  using Made = Result<std::shared_ptr<const Collector>>;

  std::string kind;
  std::map<std::string, std::shared_ptr<const Collector>> by_node;
  // Null where none are looked for. Where the settings name the node it is no node's: a pattern of
  // all, its placeholders as they are written, and `discovered_at` makes each node's own.
  std::shared_ptr<const Collector> discovered;
  std::function<Made(const Options::Node& node)> discovered_at = nullptr;

  // Null for a node that is neither. Fails where the settings do not suit a discovered node.
  Made of(const Options::Node& node) const;
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
  std::optional<ChangeWebhook> change_webhook{};
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
