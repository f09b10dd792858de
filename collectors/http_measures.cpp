// Reads counts and standings by JSON pointer.
#include "collectors/http_measures.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "collectors/http_json.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {

namespace {

using nlohmann::json;
using Pointers = HttpMeasures::Pointers;
using Names = std::vector<std::string_view>;

constexpr std::size_t kMost = 64, kName = 64;
constexpr double kLongest = 4e9;  // seconds: over a century, and any time of today

std::optional<double> seconds_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto seconds = value.get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kLongest) return std::nullopt;
  return seconds;
}

// Looks up one group of pointers, and counts what it found.
class Numbers {
 public:
  Numbers(const json& document, const Pointers& pointers, std::size_t& found)
      : document_(document), pointers_(pointers), found_(found) {}

  std::optional<std::uint64_t> count(const char* name) const {
    const auto* value = at(name);
    return counted(value ? count_of(*value) : std::nullopt);
  }

  std::optional<Duration> duration(const char* name) const {
    const auto* value = at(name);
    const auto seconds = value ? seconds_of(*value) : std::nullopt;
    if (!seconds) return std::nullopt;
    return counted(std::optional(
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds))));
  }

  std::optional<Wall> instant(const char* name) const {
    const auto* value = at(name);
    if (value && value->is_string())
      return counted(parse_timestamp(value->get_ref<const std::string&>()));
    const auto since_epoch = duration(name);
    if (!since_epoch || *since_epoch == Duration::zero()) return std::nullopt;
    return Wall(std::chrono::duration_cast<Wall::duration>(*since_epoch));
  }

 private:
  template <typename T>
  std::optional<T> counted(std::optional<T> value) const {
    if (value) ++found_;
    return value;
  }

  const json* at(const char* name) const {
    const auto pointer = pointers_.find(name);
    return pointer == pointers_.end() ? nullptr : find_json(document_, pointer->second);
  }

  const json& document_;
  const Pointers& pointers_;
  std::size_t& found_;
};

Measures::Reconciliation reconciliation(const Numbers& numbers) {
  Measures::Reconciliation out;
  out.succeeded = numbers.count("succeeded");
  out.failed = numbers.count("failed");
  out.processed_items = numbers.count("processed_items");
  out.pending_items = numbers.count("pending_items");
  out.mismatched_items = numbers.count("mismatched_items");
  out.last_duration = numbers.duration("last_duration");
  out.oldest_pending = numbers.duration("oldest_pending");
  out.last_success = numbers.instant("last_success");
  return out;
}

Pointers read_pointers(Options options, const Names& names) {
  Pointers all;
  for (const auto name : names) {
    const auto pointer = options.text(name);
    if (!pointer) continue;
    if (!is_json_pointer(*pointer)) options.wrong(name, "a JSON pointer such as /orders/failed");
    all[std::string(name)] = *pointer;
  }
  if (all.empty()) options.wrong("", "a number's JSON pointer at least");
  return all;
}

std::map<std::string, Pointers> read_by_name(Options& options, std::string_view key,
                                             const Names& names) {
  std::map<std::string, Pointers> all;
  auto map = options.map(key);
  if (!map) return all;
  const auto keys = map->keys();
  if (keys.empty() || keys.size() > kMost) options.wrong(key, "from 1 to 64 names");
  for (const auto& name : keys) {
    if (auto pointers = map->map(name))
      all[repaired(name, kName)] = read_pointers(*pointers, names);
  }
  return all;
}

}  // namespace

HttpMeasures read_http_measures(Options& options) {
  HttpMeasures measures;
  auto map = options.map("measures");
  if (!map) return measures;
  measures.reconciliation =
      read_by_name(*map, "reconciliation",
                   {"succeeded", "failed", "processed_items", "pending_items", "mismatched_items",
                    "last_duration", "oldest_pending", "last_success"});
  measures.duplicates = read_by_name(*map, "duplicates", {"events", "duplicates"});
  if (auto schema = map->map("schema"))
    measures.schema = read_pointers(*schema, {"valid", "errors"});
  if (auto decisions = map->map("authorization"))
    measures.authorization = read_pointers(*decisions, {"allowed", "denied"});
  if (map->keys().empty())
    map->wrong("", "at least one of reconciliation, duplicates, schema and authorization");
  return measures;
}

Polled<Measures> measures_of(const HttpMeasures& wanted, const std::string& body) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  Measures out;
  std::size_t found = 0;
  for (const auto& [kind, pointers] : wanted.reconciliation)
    out.reconciliations[kind] = reconciliation({*document, pointers, found});
  for (const auto& [stream, pointers] : wanted.duplicates) {
    const Numbers numbers(*document, pointers, found);
    out.streams[stream] = {numbers.count("events"), numbers.count("duplicates")};
  }
  const Numbers schema(*document, wanted.schema, found);
  out.valid_schemas = schema.count("valid");
  out.schema_errors = schema.count("errors");
  const Numbers decisions(*document, wanted.authorization, found);
  out.allowed = decisions.count("allowed");
  out.denied = decisions.count("denied");
  if (found == 0)
    return tl::unexpected(Failure{Reason::unsupported, "none of the measures is there"});
  return out;
}

}  // namespace mse
