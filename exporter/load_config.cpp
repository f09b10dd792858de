// From bytes to a validated configuration: read, check across, make the collectors, check with
// them.
#include "exporter/load_config.h"

#include <algorithm>
#include <filesystem>

#include "exporter/load_checks.h"
#include "exporter/load_maintenance.h"
#include "exporter/load_policies.h"
#include "exporter/load_values.h"
#include "exporter/nearest.h"
#include "exporter/options_source.h"
#include "exporter/read_file.h"
#include "exporter/text.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Shape = Options::Shape;

std::optional<ChangeWebhook> read_webhook(Options& global) {
  auto options = global.map("change_webhook");
  if (!options) return std::nullopt;
  ChangeWebhook webhook{read_url_source(*options), {}};
  if (options->shape("url") == Shape::missing) options->wrong("url", "where changes are told");
  webhook.timeout =
      bounded(*options, "timeout", milliseconds(100), seconds(60), ChangeWebhook().timeout);
  return webhook;
}

// Defaults follow poll_interval where they would not fit it.
Cadences read_cadences(Options& root) {
  Cadences said;
  auto global = root.map("global");
  if (!global) return said;
  said.poll_interval =
      bounded(*global, "poll_interval", milliseconds(100), hours(1), said.poll_interval);
  said.deep_interval = bounded(*global, "deep_interval", milliseconds(100), hours(24),
                               std::max(said.deep_interval, said.poll_interval));
  said.position_interval = bounded(*global, "position_interval", milliseconds(50), hours(1),
                                   std::min(said.position_interval, said.poll_interval));
  said.poll_timeout = bounded(*global, "poll_timeout", milliseconds(50), hours(1),
                              std::min(said.poll_timeout, said.poll_interval / 2));
  return said;
}

Draft read_draft(Options root) {
  Draft draft{std::move(root), {}, {}, {}, {}, {}};
  draft.cadences = read_cadences(draft.root);
  if (auto global = draft.root.map("global")) draft.change_webhook = read_webhook(*global);
  for (auto& service : draft.root.maps("services"))
    draft.services.push_back(read_service(std::move(service)));
  if (draft.services.empty() && draft.root.finish())
    draft.root.wrong("services", "a list of at least one service");
  draft.maintenance = read_maintenance(draft.root);
  draft.allow = read_allowances(draft.root, false);
  return draft;
}

// Each service takes those of the top level that are its own.
void hand_out_allowances(Draft& draft) {
  std::map<std::string, ServiceDraft*> by_name;
  for (auto& service : draft.services) by_name[service.settings.name] = &service;
  for (const auto& allowance : draft.allow) {
    const auto found = by_name.find(allowance.service);
    if (found != by_name.end()) found->second->settings.allow.push_back(allowance);
  }
}

const CollectorKind* kind_named(const std::vector<CollectorKind>& kinds, const std::string& name) {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const CollectorKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

void check_kinds(Draft& draft, const std::vector<CollectorKind>& kinds) {
  Words names;
  for (const auto& kind : kinds) names.emplace(kind.name);
  for (auto& service : draft.services) {
    auto entries = service.options.maps("collect");
    for (std::size_t i = 0; i < service.collect.size(); ++i) {
      const auto& name = service.collect[i].kind;
      if (!names.contains(name))
        entries[i].wrong(name, "a collector that this version has; there is no `" +
                                   repaired(name, 64) + "`, " + hint(name, names));
    }
  }
}

Result<std::shared_ptr<const Collector>> make_collector(const CollectorKind& kind,
                                                        const Options& options) {
  auto made = kind.make(options);
  if (!made) return tl::unexpected(made.error());
  return std::shared_ptr<const Collector>(std::move(*made));
}

Result<void> add_discovered(CollectEntry& entry, const Options& settings, const CollectorKind& kind,
                            const std::shared_ptr<const Collector>& shared) {
  const auto any = settings.on_node({"{node}", "{address}"});
  auto made = shared ? CollectEntry::Made(shared) : make_collector(kind, any);
  if (!made) return tl::unexpected(made.error());
  entry.discovered = *made;
  if (any.asked_node())
    entry.discovered_at = [settings, kind](const Options::Node& node) {
      return make_collector(kind, settings.on_node(node));
    };
  return {};
}

Result<CollectEntry> make_entry(ServiceDraft& service, const ServiceDraft::Entry& draft,
                                const CollectorKind& kind) {
  CollectEntry entry{draft.kind, {}, nullptr};
  std::shared_ptr<const Collector> shared;
  for (std::size_t i = 0; i < service.overrides.size(); ++i) {
    const auto& over = service.overrides[i];
    auto& collector = entry.by_node[service.settings.nodes[i].name];
    const bool own = !over.keys().empty();
    if (!own && shared) {
      collector = shared;
      continue;
    }
    const auto& node = service.settings.nodes[i];
    const auto settings = own ? draft.settings.overridden_by(over) : draft.settings;
    const auto options = settings.on_node({node.name, node.address});
    auto made = make_collector(kind, options);
    if (!made) return tl::unexpected(made.error());
    collector = *made;
    if (!own && !options.asked_node()) shared = *made;
  }
  if (service.settings.discover)
    if (auto right = add_discovered(entry, draft.settings, kind, shared); !right)
      return tl::unexpected(right.error());
  return entry;
}

Result<ServiceConfig> make_service(ServiceDraft& draft, const std::vector<CollectorKind>& kinds) {
  ServiceConfig service{draft.settings, {}};
  for (const auto& entry : draft.collect) {
    auto made = make_entry(draft, entry, *kind_named(kinds, entry.kind));
    if (!made) return tl::unexpected(made.error());
    service.collect.push_back(std::move(*made));
  }
  for (const auto& overrides : draft.overrides) {
    const auto read = overrides.finish();
    if (!read) return tl::unexpected(read.error());
  }
  return service;
}

Result<void> check_draft(Draft& draft, const std::vector<CollectorKind>& kinds) {
  auto right = draft.root.finish();
  if (!right) return right;
  check_cadences(draft);
  check_names(draft);
  check_kinds(draft, kinds);
  hand_out_allowances(draft);
  return draft.root.finish();
}

Result<Config> make_config(Draft& draft, const std::vector<CollectorKind>& kinds) {
  Config config{draft.cadences, {}, draft.maintenance, draft.change_webhook};
  std::map<std::string, Words> dimensions;
  for (auto& service : draft.services) {
    auto made = make_service(service, kinds);
    if (!made) return tl::unexpected(made.error());
    dimensions[service.settings.name] = check_collectors(service, made->collect, draft);
    config.services.push_back(std::move(*made));
  }
  check_allowed_dimensions(draft, dimensions);
  const auto right = draft.root.finish();
  if (!right) return tl::unexpected(right.error());
  return config;
}

}  // namespace

CollectEntry::Made CollectEntry::of(const Options::Node& node) const {
  const auto own = by_node.find(node.name);
  if (own != by_node.end()) return own->second;
  return discovered_at ? discovered_at(node) : discovered;
}

std::vector<std::shared_ptr<const Collector>> CollectEntry::all() const {
  std::vector<std::shared_ptr<const Collector>> every;
  every.reserve(by_node.size() + 1);
  for (const auto& [node, collector] : by_node) every.push_back(collector);
  if (discovered) every.push_back(discovered);
  return every;
}

Result<Options> parse_options(const std::string& yaml, const std::string& file) {
  const auto tree = parse_yaml(yaml, file);
  if (!tree) return tl::unexpected(tree.error());
  const auto directory = std::filesystem::absolute(file).parent_path();
  return make_options(*tree, std::make_shared<ConfigFile>(ConfigFile{file, directory.string()}));
}

Result<Config> load_config(const std::string& path, const std::vector<CollectorKind>& kinds) {
  const auto bytes = read_file(path, kYamlBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  auto root = parse_options(*bytes, path);
  if (!root) return tl::unexpected(root.error());
  auto draft = read_draft(std::move(*root));
  const auto right = check_draft(draft, kinds);
  if (!right) return tl::unexpected(right.error());
  return make_config(draft, kinds);
}

}  // namespace mse
