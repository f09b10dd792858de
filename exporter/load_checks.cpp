// Checks across settings.
#include "exporter/load_checks.h"

#include <set>

#include "exporter/load_service.h"
#include "exporter/nearest.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Shape = Options::Shape;

std::string quoted(const std::string& name) {
  return "`" + repaired(name, 64) + "`";
}

void refuse_stranger(Options& options, std::string_view key, const std::string& what,
                     const std::string& name, const Words& known) {
  options.wrong(key, what + "; there is no " + quoted(name) + ", " + hint(name, known));
}

// `name`, unless an earlier one was the same.
void expect_unique(Words& seen, const std::string& name, Options& options,
                   const std::string& what) {
  if (!seen.insert(name).second) options.wrong("name", what + "; " + quoted(name) + " is taken");
}

// Only the first stranger is named: the first error is what is reported. False when there is one.
bool check_known(Options& options, std::string_view key, const std::string& what,
                 const std::set<std::string>& names, const Words& known) {
  for (const auto& name : names)
    if (!known.contains(name)) {
      refuse_stranger(options, key, what, name, known);
      return false;
    }
  return true;
}

// Labels of discovered nodes are not known yet.
void check_groups(ServiceDraft& service) {
  if (service.settings.discover) return;
  Words labels{"role"};
  for (const auto& node : service.settings.nodes)
    for (const auto& [label, value] : node.labels) labels.insert(label);
  auto options = service.options.map("compare_within");
  for (const auto& [dimension, names] : service.settings.compare_within)
    check_known(*options, dimension, "role or labels that nodes have", {names.begin(), names.end()},
                labels);
}

Words node_names(const ServiceSettings& service) {
  Words names;
  for (const auto& node : service.nodes) names.insert(node.name);
  return names;
}

void check_service(ServiceDraft& service) {
  Words seen;
  for (std::size_t i = 0; i < service.nodes.size(); ++i)
    expect_unique(seen, service.settings.nodes[i].name, service.nodes[i],
                  "a name that no other node of the service has");
  check_groups(service);
  if (service.settings.discover) return;
  auto allow = service.options.maps("allow");
  for (std::size_t i = 0; i < allow.size(); ++i)
    if (!check_known(allow[i], "nodes", "nodes of the service", service.settings.allow[i].nodes,
                     seen))
      return;
}

void check_allowances(Draft& draft, const std::map<std::string, Words>& nodes,
                      const Words& services) {
  auto options = draft.root.maps("allow");
  for (std::size_t i = 0; i < draft.allow.size(); ++i) {
    const auto& allowance = draft.allow[i];
    if (!services.contains(allowance.service))
      return refuse_stranger(options[i], "service", "a service", allowance.service, services);
    const auto known = nodes.find(allowance.service);
    if (known == nodes.end()) continue;
    if (!check_known(options[i], "nodes", "nodes of the service", allowance.nodes, known->second))
      return;
  }
}

void check_maintenance(Draft& draft, const Words& services) {
  auto options = draft.root.maps("maintenance");
  for (std::size_t i = 0; i < draft.maintenance.size(); ++i)
    if (!check_known(options[i], "services", "services", draft.maintenance[i].services, services))
      return;
}

constexpr const char* kReadDimension = "a dimension that a collector reads";

void check_dimension_keys(Options& service, std::string_view key, const Words& dimensions) {
  if (service.shape(key) != Shape::map) return;
  auto options = service.map(key);
  for (const auto& name : options->keys())
    if (!dimensions.contains(name))
      return refuse_stranger(*options, name, kReadDimension, name, dimensions);
}

void check_allowed(Options& allowance, const Words& dimensions) {
  check_known(allowance, "dimension", kReadDimension, {allowance.text("dimension").value_or("")},
              dimensions);
}

Words dimensions_of(const CollectEntry& entry) {
  Words all;
  for (const auto& collector : entry.all())
    for (const auto& dimension : collector->dimensions()) all.insert(dimension);
  return all;
}

Words check_dimensions_once(ServiceDraft& service, const std::vector<CollectEntry>& collect) {
  Words all;
  auto options = service.options.maps("collect");
  for (std::size_t i = 0; i < collect.size(); ++i)
    for (const auto& dimension : dimensions_of(collect[i]))
      if (!all.insert(dimension).second)
        options[i].wrong(
            "", "dimensions that no other collector reads, not " + quoted(dimension) + " again");
  return all;
}

// Of one node, or, where `node` is empty, of those that are looked for.
void check_measured_once(ServiceDraft& service, const std::vector<CollectEntry>& collect,
                         const std::string& node) {
  Words all;
  auto options = service.options.maps("collect");
  for (std::size_t i = 0; i < collect.size(); ++i) {
    const auto& entry = collect[i];
    const auto& collector = node.empty() ? entry.discovered : entry.by_node.at(node);
    const auto measured = collector ? collector->measured() : "";
    if (!measured.empty() && !all.insert(measured).second)
      options[i].wrong(entry.kind,
                       "no page that another entry reads, as what it counts would "
                       "count twice: one entry can read all of it");
  }
}

// Two nodes at one address, read alike, would be one node counted twice.
void check_nodes_differ(ServiceDraft& service, const std::vector<CollectEntry>& collect) {
  std::map<std::string, std::string> seen;
  auto& options = service.nodes;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& node = service.settings.nodes[i];
    std::string reached = node.address;
    for (const auto& entry : collect)
      reached += '\0' + entry.by_node.at(node.name)->connection_key();
    const auto [first, fresh] = seen.emplace(reached, node.name);
    if (!fresh)
      options[i].wrong("address", "another address or other settings than those of " +
                                      quoted(first->second) + ", with which it is one node");
  }
}

void check_addresses(ServiceDraft& service, const std::vector<CollectEntry>& collect) {
  auto& options = service.nodes;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& node = service.settings.nodes[i];
    const auto reaches = [&](const CollectEntry& entry) {
      return entry.by_node.at(node.name)->needs_address();
    };
    if (node.address.empty() && std::any_of(collect.begin(), collect.end(), reaches))
      options[i].wrong("address", kAddressExpected);
  }
}

// A collector that needs no address would see two nodes in one and the same thing.
void check_sources_differ(ServiceDraft& service, const CollectEntry& entry) {
  std::map<std::string, std::string> seen;
  auto& options = service.nodes;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& name = service.settings.nodes[i].name;
    const auto& collector = *entry.by_node.at(name);
    if (collector.needs_address()) continue;
    const auto [first, fresh] = seen.emplace(collector.connection_key(), name);
    if (!fresh)
      options[i].wrong("", "settings of " + quoted(entry.kind) + " other than those of " +
                               quoted(first->second) + ", such as a path with {node}");
  }
}

// The same of nodes that are not known yet.
void check_discovered_differ(ServiceDraft& service, const std::vector<CollectEntry>& collect) {
  auto options = service.options.maps("collect");
  for (std::size_t i = 0; i < collect.size(); ++i) {
    const auto& entry = collect[i];
    if (entry.discovered && !entry.discovered_at && !entry.discovered->needs_address())
      options[i].wrong(entry.kind,
                       "settings that tell discovered nodes apart, such as a path with {node}");
  }
}

void check_lag_objective(ServiceDraft& service, Draft& draft) {
  const auto least = 2 * draft.cadences.position_interval;
  const auto objective = service.settings.objectives.replica_lag;
  if (objective >= least) return;
  auto objectives = service.options.map("objectives");
  if (objectives && objectives->shape("replica_lag") != Shape::missing)
    return objectives->wrong(
        "replica_lag", "at least " + format_duration(least) + ", twice global.position_interval");
  draft.root.map("global")->wrong("position_interval",
                                  "at most " + format_duration(objective / 2) +
                                      ", half of the default objectives.replica_lag of " +
                                      quoted(service.settings.name) + ", or that objective set");
}

bool measures_lag(const std::vector<CollectEntry>& collect) {
  for (const auto& entry : collect)
    for (const auto& collector : entry.all())
      if (collector->has_positions()) return true;
  return false;
}

}  // namespace

void check_names(Draft& draft) {
  Words services;
  std::map<std::string, Words> nodes;
  for (auto& service : draft.services) {
    expect_unique(services, service.settings.name, service.options,
                  "a name that no other service has");
    check_service(service);
    if (!service.settings.discover) nodes[service.settings.name] = node_names(service.settings);
  }
  check_maintenance(draft, services);
  check_allowances(draft, nodes, services);
}

void check_cadences(Draft& draft) {
  if (draft.root.shape("global") != Shape::map) return;
  auto global = draft.root.map("global");
  const auto& cadences = draft.cadences;
  const auto poll = format_duration(cadences.poll_interval);
  if (cadences.poll_timeout >= cadences.poll_interval)
    global->wrong("poll_timeout", "less than poll_interval, " + poll);
  if (cadences.deep_interval < cadences.poll_interval)
    global->wrong("deep_interval", "at least poll_interval, " + poll);
  if (cadences.position_interval > cadences.poll_interval)
    global->wrong("position_interval", "at most poll_interval, " + poll);
}

Words check_collectors(ServiceDraft& service, const std::vector<CollectEntry>& collect,
                       Draft& draft) {
  auto dimensions = check_dimensions_once(service, collect);
  for (const auto* key : {"canonical", "compare_within", "dimensions", "compatible", "changes"})
    check_dimension_keys(service.options, key, dimensions);
  for (auto& allowance : service.options.maps("allow")) check_allowed(allowance, dimensions);
  check_addresses(service, collect);
  for (const auto& entry : collect) check_sources_differ(service, entry);
  check_discovered_differ(service, collect);
  check_nodes_differ(service, collect);
  for (const auto& node : service.settings.nodes) check_measured_once(service, collect, node.name);
  check_measured_once(service, collect, "");
  if (measures_lag(collect)) check_lag_objective(service, draft);
  return dimensions;
}

void check_allowed_dimensions(Draft& draft, const std::map<std::string, Words>& dimensions) {
  for (auto& allowance : draft.root.maps("allow"))
    check_allowed(allowance, dimensions.at(allowance.text("service").value_or("")));
}

}  // namespace mse
