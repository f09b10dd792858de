// Reads a service: its collect entries, its allowances.
#include "exporter/load_service.h"

#include "exporter/load_nodes.h"
#include "exporter/load_policies.h"
#include "exporter/load_values.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Shape = Options::Shape;

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
  ServiceDraft draft{std::move(options), {}, {}, {}, {}};
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
