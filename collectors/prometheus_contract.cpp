// Sums the contract's series by stream and kind.
#include "collectors/prometheus_contract.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "exporter/text.h"

namespace mse {

const std::vector<std::string_view> kPrometheusContract{
    "events_processed_total",
    "events_duplicate_total",
    "schema_validations_total",
    "schema_errors_total",
    "reconciliations_total",
    "reconciliation_processed_items_total",
    "reconciliation_last_success_timestamp_seconds",
    "reconciliation_duration_seconds",
    "reconciliation_pending_items",
    "reconciliation_mismatched_items",
    "reconciliation_oldest_pending_seconds",
    "authorization_decisions_total",
};

namespace {

using Labels = std::map<std::string, std::string>;

constexpr std::size_t kMost = 64, kName = 64;
constexpr double kExact = 9007199254740992.0;  // 2^53
constexpr double kLongest = 4e9;               // seconds

std::string label(const Labels& labels, const char* name, const char* otherwise) {
  const auto found = labels.find(name);
  return found == labels.end() || found->second.empty() ? otherwise
                                                        : repaired(found->second, kName);
}

void add(std::optional<std::uint64_t>& sum, double value) {
  const auto count = whole(value);
  if (count && sum.value_or(0) <= static_cast<std::uint64_t>(kExact))
    sum = sum.value_or(0) + *count;
}

std::optional<Duration> length(double seconds) {
  if (!(seconds >= 0 && seconds <= kLongest)) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void keep_longest(std::optional<Duration>& longest, double seconds) {
  const auto told = length(seconds);
  if (told) longest = std::max(longest.value_or(Duration::zero()), *told);
}

// The oldest: a kind is as fresh as the worst of its jobs.
void keep_oldest(std::optional<Wall>& oldest, double seconds) {
  const auto told = length(seconds);
  if (!told || *told == Duration::zero()) return;
  const Wall at(std::chrono::duration_cast<Wall::duration>(*told));
  oldest = oldest ? std::min(*oldest, at) : at;
}

// The entry of a kind or stream; nothing once there are too many.
template <typename T>
T* entry(std::map<std::string, T>& all, const std::string& name) {
  const auto found = all.find(name);
  if (found != all.end()) return &found->second;
  return all.size() < kMost ? &all[name] : nullptr;
}

struct Reader {
  Measures measures;
  std::optional<std::uint64_t> validations;  // without a result
  bool any = false;

  void take(std::string_view name, const Labels& labels, double value) {
    any = true;
    if (name.starts_with("events_")) return take_events(name, labels, value);
    if (name.starts_with("reconciliation")) return take_reconciliation(name, labels, value);
    if (name.starts_with("schema_")) return take_schema(name, labels, value);
    const auto decision = label(labels, "decision", "");
    if (decision == "allow") add(measures.allowed, value);
    if (decision == "deny") add(measures.denied, value);
  }

  void take_events(std::string_view name, const Labels& labels, double value) {
    auto* stream = entry(measures.streams, label(labels, "stream", "default"));
    if (stream) add(name == "events_processed_total" ? stream->events : stream->duplicates, value);
  }

  void take_schema(std::string_view name, const Labels& labels, double value) {
    const auto result = label(labels, "result", "");
    if (name == "schema_errors_total") return add(measures.schema_errors, value);
    if (result == "ok") return add(measures.valid_schemas, value);
    if (result == "error") return add(measures.schema_errors, value);
    add(validations, value);
  }

  void take_reconciliation(std::string_view name, const Labels& labels, double value) {
    auto* kind = entry(measures.reconciliations, label(labels, "kind", "default"));
    if (!kind) return;
    const auto result = label(labels, "result", "");
    if (name == "reconciliations_total" && result == "success") add(kind->succeeded, value);
    if (name == "reconciliations_total" && result == "failure") add(kind->failed, value);
    if (name == "reconciliation_processed_items_total") add(kind->processed_items, value);
    if (name == "reconciliation_pending_items") add(kind->pending_items, value);
    if (name == "reconciliation_mismatched_items") add(kind->mismatched_items, value);
    if (name == "reconciliation_duration_seconds") keep_longest(kind->last_duration, value);
    if (name == "reconciliation_oldest_pending_seconds") keep_longest(kind->oldest_pending, value);
    if (name == "reconciliation_last_success_timestamp_seconds")
      keep_oldest(kind->last_success, value);
  }

  void finish() {
    if (!validations || measures.valid_schemas) return;
    const auto errors = measures.schema_errors.value_or(0);
    measures.valid_schemas = *validations > errors ? *validations - errors : 0;
  }
};

}  // namespace

std::optional<std::uint64_t> whole(double value) {
  if (!(value >= 0 && value <= kExact)) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(value));
}

std::optional<Measures> contract_measures(const std::vector<PrometheusSample>& samples,
                                          const std::map<std::string, std::string>& names) {
  std::map<std::string, std::string_view> own;
  for (const auto name : kPrometheusContract) {
    const auto mapped = names.find(std::string(name));
    own.emplace(mapped == names.end() ? std::string(name) : mapped->second, name);
  }
  Reader reader;
  for (const auto& sample : samples) {
    const auto found = own.find(sample.name);
    if (found != own.end()) reader.take(found->second, sample.labels, sample.value);
  }
  reader.finish();
  if (!reader.any) return std::nullopt;
  return std::move(reader.measures);
}

}  // namespace mse
