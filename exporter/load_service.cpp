// Reads a service: its nodes, its collect entries, its allowances.
#include "exporter/load_service.h"

#include <algorithm>

#include "exporter/load_policies.h"
#include "exporter/load_values.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Shape = Options::Shape;

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  int port = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + (digit - '0');
  }
  return port >= 1 && port <= 65535;
}

// A host, host:port, [v6], [v6]:port, a bare v6 address or an absolute path; no URL, no user.
bool is_address(std::string_view text) {
  if (text.starts_with('/')) return true;
  if (text.empty() || text.find_first_of(" /@?#") != std::string_view::npos) return false;
  const auto close = text.find(']');
  if (text.starts_with('[')) {
    if (close == std::string_view::npos || close == 1) return false;
    return close + 1 == text.size() || (text[close + 1] == ':' && is_port(text.substr(close + 2)));
  }
  const auto colon = text.find(':');
  const bool bare_v6 = std::count(text.begin(), text.end(), ':') > 1;
  return bare_v6 || colon == std::string_view::npos ||
         (colon > 0 && is_port(text.substr(colon + 1)));
}

bool is_label_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos &&
         (text.front() < '0' || text.front() > '9');
}

void read_labels(Options& node, NodeSettings& settings) {
  auto labels = node.map("labels");
  if (!labels) return;
  for (const auto& name : labels->keys()) {
    settings.labels[name] = required(*labels, name, "a label's value");
    if (!is_label_name(name))
      labels->wrong(name, "a label's name of letters, digits and _, not beginning with a digit");
    if (name == "role") labels->wrong(name, "another name than role, which is read from the node");
  }
}

NodeSettings read_node(Options& node) {
  constexpr std::string_view kAddress =
      "a host, host:port, [v6]:port or the directory of a unix socket";
  NodeSettings settings;
  settings.name = required(node, "name", "a name that is unique in the service");
  settings.address = required(node, "address", kAddress);
  if (!settings.address.empty() && !is_address(settings.address)) node.wrong("address", kAddress);
  read_labels(node, settings);
  settings.serving = node.flag("serving").value_or(true);
  return settings;
}

void read_nodes(ServiceDraft& draft) {
  constexpr std::string_view kExpected = "a list of nodes, such as [{name: pg-1, address: pg-1}]";
  auto& options = draft.options;
  if (options.shape("nodes") == Shape::map) {
    options.wrong("nodes", std::string(kExpected) + "; this version cannot discover them");
    return;
  }
  for (auto& node : options.maps("nodes")) {
    draft.settings.nodes.push_back(read_node(node));
    draft.overrides.push_back(node.rest());
  }
  const bool empty_list = options.shape("nodes") == Shape::list && draft.overrides.empty();
  if (empty_list || options.shape("nodes") == Shape::missing) options.wrong("nodes", kExpected);
}

void read_collect(ServiceDraft& draft) {
  constexpr std::string_view kExpected =
      "a list of collectors, such as [{postgres: {user: mixed_state}}]";
  auto& options = draft.options;
  for (auto& entry : options.maps("collect")) {
    const auto kinds = entry.keys();
    if (kinds.size() != 1) {
      entry.wrong("", "one collector with its settings, such as {postgres: {user: mixed_state}}");
      continue;
    }
    if (auto settings = entry.separate(kinds.front()))
      draft.collect.push_back({kinds.front(), *settings});
  }
  const bool empty = options.shape("collect") == Shape::list && options.maps("collect").empty();
  if (empty || options.shape("collect") == Shape::missing) options.wrong("collect", kExpected);
}

std::set<std::string> read_set(Options& options, std::string_view key) {
  const auto list = options.list(key);
  if (list.empty() && options.shape(key) == Shape::list)
    options.wrong(key, "a list that is not empty");
  return {list.begin(), list.end()};
}

Acknowledgement read_allowance(Options& options, bool of_service) {
  constexpr std::string_view kUntil = "a date or time, such as 2027-03-01 or 2027-03-01T12:00:00Z";
  Acknowledgement allowance;
  if (!of_service) allowance.service = required(options, "service", "a service's name");
  allowance.dimension = required(options, "dimension", "a dimension's name");
  allowance.nodes = read_set(options, "nodes");
  allowance.keys = read_set(options, "keys");
  allowance.states = read_set(options, "states");
  allowance.why = required(options, "why", "the reason");
  allowance.who = required(options, "who", "who allows it");
  const auto text = required(options, "until", kUntil);
  const auto until = parse_timestamp(text);
  if (!text.empty() && !until) options.wrong("until", kUntil);
  allowance.until = until.value_or(Wall{});
  return allowance;
}

}  // namespace

std::vector<Acknowledgement> read_allowances(Options& options, bool of_service) {
  std::vector<Acknowledgement> all;
  for (auto& each : options.maps("allow")) all.push_back(read_allowance(each, of_service));
  return all;
}

ServiceDraft read_service(Options options) {
  ServiceDraft draft{std::move(options), {}, {}, {}};
  auto& settings = draft.settings;
  settings.name = required(draft.options, "name", "a unique name");
  settings.owner = draft.options.text("owner").value_or("");
  settings.tier = draft.options.text("tier").value_or("");
  read_nodes(draft);
  read_collect(draft);
  read_policies(draft.options, settings);
  settings.min_nodes = static_cast<int>(draft.options.integer("min_nodes", 0, 100'000).value_or(0));
  settings.allow = read_allowances(draft.options, true);
  for (auto& allowance : settings.allow) allowance.service = settings.name;
  return draft;
}

}  // namespace mse
