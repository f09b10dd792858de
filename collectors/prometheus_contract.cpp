// Sums the contract's series by stream and kind.
#include "collectors/prometheus_contract.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

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

enum class Verdict { good, bad, neither, unclear };

Verdict verdict_of(std::string_view word) {
  constexpr std::pair<std::string_view, Verdict> kWords[] = {
      {"ok", Verdict::good},         {"success", Verdict::good},
      {"succeeded", Verdict::good},  {"valid", Verdict::good},
      {"allow", Verdict::good},      {"allowed", Verdict::good},
      {"error", Verdict::bad},       {"failure", Verdict::bad},
      {"failed", Verdict::bad},      {"invalid", Verdict::bad},
      {"deny", Verdict::bad},        {"denied", Verdict::bad},
      {"requeue", Verdict::neither}, {"requeue_after", Verdict::neither}};
  for (const auto& [known, verdict] : kWords)
    if (known == word) return verdict;
  return Verdict::unclear;
}

// Two counts, and whether they can be told apart.
struct Judged {
  std::optional<std::uint64_t> good, bad;
  bool unclear = false;

  void take(std::string_view word, double value) {
    const Verdict verdict = verdict_of(word);
    if (verdict == Verdict::good) add(good, value);
    if (verdict == Verdict::bad) add(bad, value);
    unclear = unclear || verdict == Verdict::unclear;
  }
};

struct Reader {
  Measures measures;
  std::optional<std::uint64_t> validations;  // without a result
  std::optional<std::uint64_t> schema_errors;
  Judged schemas, decisions;
  std::map<std::string, Judged> runs;  // by kind
  bool any = false;

  void take(std::string_view name, const Labels& labels, double value) {
    any = true;
    if (name.starts_with("events_")) return take_events(name, labels, value);
    if (name.starts_with("reconciliation")) return take_reconciliation(name, labels, value);
    if (name.starts_with("schema_")) return take_schema(name, labels, value);
    decisions.take(label(labels, "decision", ""), value);
  }

  void take_events(std::string_view name, const Labels& labels, double value) {
    auto* stream = entry(measures.streams, label(labels, "stream", "default"));
    if (stream) add(name == "events_processed_total" ? stream->events : stream->duplicates, value);
  }

  void take_schema(std::string_view name, const Labels& labels, double value) {
    const auto result = label(labels, "result", "");
    if (name == "schema_errors_total") return add(schema_errors, value);
    result.empty() ? add(validations, value) : schemas.take(result, value);
  }

  void take_reconciliation(std::string_view name, const Labels& labels, double value) {
    const auto of = label(labels, "kind", "default");
    auto* kind = entry(measures.reconciliations, of);
    if (!kind) return;
    if (name == "reconciliations_total") runs[of].take(label(labels, "result", ""), value);
    if (name == "reconciliation_processed_items_total") add(kind->processed_items, value);
    if (name == "reconciliation_pending_items") add(kind->pending_items, value);
    if (name == "reconciliation_mismatched_items") add(kind->mismatched_items, value);
    if (name == "reconciliation_duration_seconds") keep_longest(kind->last_duration, value);
    if (name == "reconciliation_oldest_pending_seconds") keep_longest(kind->oldest_pending, value);
    if (name == "reconciliation_last_success_timestamp_seconds")
      keep_oldest(kind->last_success, value);
  }

  void finish() {
    for (const auto& [kind, judged] : runs) {
      if (judged.unclear) continue;
      measures.reconciliations[kind].succeeded = judged.good;
      measures.reconciliations[kind].failed = judged.bad;
    }
    if (!decisions.unclear) {
      measures.allowed = decisions.good;
      measures.denied = decisions.bad;
    }
    if (!schemas.unclear) finish_schemas();
  }

  // By result, or all of them and the errors.
  void finish_schemas() {
    const bool by_result = schemas.good || schemas.bad;
    measures.valid_schemas = schemas.good;
    measures.schema_errors = schemas.bad ? schemas.bad : schema_errors;
    if (!by_result) measures.schema_validations = validations;
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
