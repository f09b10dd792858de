// Reads the nodes of a service, and where others are looked for.
#include "exporter/load_nodes.h"

#include <algorithm>
#include <filesystem>

#include "exporter/load_service.h"
#include "exporter/load_values.h"
#include "exporter/nearest.h"
#include "exporter/node_text.h"

namespace mse {
namespace {

using Shape = Options::Shape;

constexpr std::string_view kLabelName =
    "a label's name of letters, digits and _, not beginning with a digit";

std::map<std::string, std::string> read_labels(Options& node) {
  std::map<std::string, std::string> read;
  auto labels = node.map("labels");
  if (!labels) return read;
  for (const auto& name : labels->keys()) {
    read[name] = required(*labels, name, "a label's value");
    if (!is_label_name(name)) labels->wrong(name, kLabelName);
    if (name == "role") labels->wrong(name, "another name than role, which is read from the node");
  }
  return read;
}

NodeSettings read_node(Options& node) {
  NodeSettings settings;
  settings.name = required(node, "name", "a name that is unique in the service");
  if (const auto address = node.text("address")) {
    settings.address = *address;
    if (!is_address(*address)) node.wrong("address", kAddressExpected);
  }
  settings.labels = read_labels(node);
  settings.serving = node.flag("serving").value_or(true);
  return settings;
}

// The configured nodes in the list at `key`; an empty list is a problem.
void read_list(ServiceDraft& draft, Options& options, std::string_view key,
               std::string_view expected) {
  for (auto& node : options.maps(key)) {
    draft.settings.nodes.push_back(read_node(node));
    draft.overrides.push_back(node.rest());
    draft.nodes.push_back(node);
  }
  if (options.shape(key) == Shape::list && draft.nodes.empty()) options.wrong(key, expected);
}

bool is_file_sd(const std::string& path) {
  const auto extension = std::filesystem::path(path).extension();
  return extension == ".json" || extension == ".yml" || extension == ".yaml";
}

FileDiscovery read_files(Options& discover) {
  constexpr std::string_view kExpected =
      "the path or pattern of files that end in .json, .yml or .yaml";
  FileDiscovery source;
  if (discover.shape("file") == Shape::list) {
    source.files = discover.paths("file");
    if (source.files.empty()) discover.wrong("file", kExpected);
  } else if (const auto path = discover.path("file")) {
    source.files = {*path};
  }
  if (!std::all_of(source.files.begin(), source.files.end(), is_file_sd))
    discover.wrong("file", kExpected);
  return source;
}

DnsDiscovery read_dns(Options& discover) {
  constexpr std::array<std::pair<std::string_view, DnsRecords>, 3> kTypes{
      {{"A", DnsRecords::a}, {"AAAA", DnsRecords::aaaa}, {"SRV", DnsRecords::srv}}};
  constexpr std::string_view kName = "a host's full name";
  DnsDiscovery source;
  source.name = required(discover, "dns", kName);
  const bool plain = source.name.find_first_of(":/[]@ ") == std::string::npos;
  if (!plain || source.name.size() > 253) discover.wrong("dns", kName);
  source.records = choice(discover, "type", kTypes).value_or(DnsRecords::addresses);
  const auto port = discover.integer("port", 1, 65535);
  source.port = static_cast<int>(port.value_or(0));
  const bool port_said = discover.shape("port") != Shape::missing;
  if (source.records == DnsRecords::srv && port_said)
    discover.wrong("port", "no port, which SRV records bring");
  if (source.records != DnsRecords::srv && !port_said)
    discover.wrong("port", "the port of every address, or type SRV");
  return source;
}

void read_replicas(ServiceDraft& draft, Options& nodes, Options& discover) {
  if (discover.flag("replicas") == false) discover.wrong("replicas", "true");
  if (draft.settings.nodes.empty() && nodes.shape("static") == Shape::missing)
    nodes.wrong("static", "the nodes of which one is the primary that names the replicas");
}

constexpr std::string_view kSources = "one of file, dns, replicas";

// Keys of the other sources are wrong beside `source`, though known.
void refuse_strangers(Options& discover, std::string_view source, const Words& own) {
  for (const auto* key : {"file", "name_label", "dns", "port", "type", "replicas"}) {
    if (discover.shape(key) == Shape::missing)
      discover.text(key);
    else if (!own.contains(key))
      discover.wrong(key, "no such key beside `" + std::string(source) + "`");
  }
}

FileDiscovery read_file_source(Options& discover, DiscoverySettings& settings) {
  refuse_strangers(discover, "file", {"file", "name_label"});
  settings.name_label = discover.text("name_label").value_or(settings.name_label);
  if (!is_label_name(settings.name_label)) discover.wrong("name_label", kLabelName);
  return read_files(discover);
}

DiscoverySettings read_discovery(ServiceDraft& draft, Options& nodes, Options& discover) {
  DiscoverySettings settings;
  const auto has = [&](std::string_view key) { return discover.shape(key) != Shape::missing; };
  if (has("file")) {
    settings.source = read_file_source(discover, settings);
  } else if (has("dns")) {
    refuse_strangers(discover, "dns", {"dns", "port", "type"});
    settings.source = read_dns(discover);
  } else if (has("replicas")) {
    refuse_strangers(discover, "replicas", {"replicas"});
    settings.source = ReplicaDiscovery{};
    read_replicas(draft, nodes, discover);
  } else {
    for (const auto* key : {"name_label", "dns", "port", "type", "replicas"}) discover.text(key);
    discover.wrong("file", kSources);
  }
  return settings;
}

}  // namespace

void read_nodes(ServiceDraft& draft) {
  constexpr std::string_view kExpected = "a list of nodes, such as [{name: pg-1, address: pg-1}]";
  auto& options = draft.options;
  if (options.shape("nodes") != Shape::map) {
    read_list(draft, options, "nodes", kExpected);
    if (options.shape("nodes") == Shape::missing) options.wrong("nodes", kExpected);
    return;
  }
  auto nodes = *options.map("nodes");
  read_list(draft, nodes, "static", kExpected);
  auto discover = nodes.map("discover");
  if (nodes.shape("discover") == Shape::missing)
    nodes.wrong("discover", "where nodes are looked for, such as {file: targets.json}");
  const auto labels = read_labels(nodes);
  if (!discover) return;
  draft.settings.discover = read_discovery(draft, nodes, *discover);
  draft.settings.discover->labels = labels;
}

}  // namespace mse
