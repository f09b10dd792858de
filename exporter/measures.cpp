// Baselines, deltas and standings of measures.
#include "exporter/measures.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mse {
namespace {

using Count = std::optional<std::uint64_t>;

// What `next` of `told` adds to `last`, which becomes it. Nothing told adds nothing; the first is a
// baseline.
std::uint64_t advance(Count& last, const Count& next, const Measures& told) {
  if (!next) return 0;
  const std::uint64_t before = last.value_or(*next);
  last = next;
  if (*next >= before) return *next - before;
  return told.of_rows ? 0 : *next;
}

void add(Count& total, Count& last, const Count& next, const Measures& told) {
  const std::uint64_t delta = advance(last, next, told);
  if (next) total = total.value_or(0) + delta;
}

void add(std::optional<GoodAndBad>& total, std::uint64_t good, std::uint64_t bad, bool told) {
  if (!told) return;
  if (!total) total.emplace();
  total->good += good;
  total->bad += bad;
}

// The entry of a name, or `other` when there are too many.
template <typename Entry>
Entry& named(std::map<std::string, Entry>& entries, const std::string& name) {
  const bool room = entries.contains(name) || entries.size() < kMeasuredNames;
  return entries[room ? name : "other"];
}
template <typename Entry>
const std::string& known_name(const std::map<std::string, Entry>& entries,
                              const std::string& name) {
  static const std::string other = "other";
  return entries.contains(name) ? name : other;
}

// Baselines of names that a node does not tell any more, when it has told many.
template <typename Entry>
void forget_left_out(std::map<std::string, Entry>& last, const std::map<std::string, Entry>& told) {
  if (last.size() > kMeasuredNames)
    std::erase_if(last, [&](const auto& entry) { return !told.contains(entry.first); });
}

void forget_standings(Measures& last) {
  for (auto& [kind, job] : last.reconciliations) {
    job.pending_items = job.mismatched_items = std::nullopt;
    job.oldest_pending = std::nullopt;
  }
}

ProbeResult result_of(Status status) {
  if (status == Status::canonical) return ProbeResult::match;
  return status == Status::unknown ? ProbeResult::error : ProbeResult::drift;
}

}  // namespace

std::string_view name(ProbeResult result) {
  constexpr std::array<std::string_view, 3> kNames{"match", "drift", "error"};
  return kNames.at(static_cast<std::size_t>(result));
}

void MeasureBook::read(std::uint64_t node, const std::string& collector, const Measures& told,
                       Mono now) {
  Teller& teller = tellers_[node][collector];
  teller.up = true;
  read_reconciliations(teller, told);
  read_streams(teller, told);
  read_schemas(teller, told);
  if (!told.allowed && !told.denied) return;
  Decisions& to = now - teller.read_at > gap_ ? teller.gap : teller.fresh;
  to.allowed += advance(teller.last.allowed, told.allowed, told);
  to.denied += advance(teller.last.denied, told.denied, told);
  teller.read_at = now;
  teller.read = true;
  if (!totals_.decisions) totals_.decisions.emplace();
}

void MeasureBook::told_nothing(std::uint64_t node, const std::string& collector) {
  Teller* teller = find(node, collector);
  if (teller == nullptr) return;
  teller->up = true;
  forget_standings(teller->last);
}

void MeasureBook::read_reconciliations(Teller& teller, const Measures& told) {
  forget_standings(teller.last);
  for (const auto& [kind, now] : told.reconciliations) {
    auto& total = named(totals_.reconciliations, kind);
    auto& last = teller.last.reconciliations[kind];
    const std::uint64_t succeeded = advance(last.succeeded, now.succeeded, told);
    const std::uint64_t failed = advance(last.failed, now.failed, told);
    add(total.runs, succeeded, failed, now.succeeded || now.failed);
    add(total.processed_items, last.processed_items, now.processed_items, told);
    if (now.last_duration) {
      if (!total.duration) total.duration.emplace(kReconciliationBounds);
      const double took = std::chrono::duration<double>(*now.last_duration).count();
      if (succeeded + failed > 0) total.duration->observe(took, succeeded + failed);
    }
    if (now.last_success) total.last_success = std::max(total.last_success, now.last_success);
    last.pending_items = now.pending_items;
    last.mismatched_items = now.mismatched_items;
    last.oldest_pending = now.oldest_pending;
  }
  forget_left_out(teller.last.reconciliations, told.reconciliations);
}

void MeasureBook::read_streams(Teller& teller, const Measures& told) {
  for (const auto& [stream, now] : told.streams) {
    auto& total = named(totals_.streams, stream);
    auto& last = teller.last.streams[stream];
    add(total.events, last.events, now.events, told);
    add(total.duplicates, last.duplicates, now.duplicates, told);
  }
  forget_left_out(teller.last.streams, told.streams);
}

// Of all and of those with errors, the rest are valid; one document may have several errors.
void MeasureBook::read_schemas(Teller& teller, const Measures& told) {
  const std::uint64_t valid = advance(teller.last.valid_schemas, told.valid_schemas, told);
  const std::uint64_t all = advance(teller.last.schema_validations, told.schema_validations, told);
  const std::uint64_t errors = advance(teller.last.schema_errors, told.schema_errors, told);
  add(totals_.schemas, valid + all - std::min(all, errors), errors,
      told.valid_schemas || told.schema_validations || told.schema_errors);
}

void MeasureBook::probed(std::uint64_t node, const std::string& collector,
                         const std::string& dimension) {
  Teller& teller = tellers_[node][collector];
  teller.up = true;
  ++teller.probes[dimension];
  if (!totals_.probes) totals_.probes.emplace();
}

void MeasureBook::lost(std::uint64_t node, const std::string& collector) {
  Teller* teller = find(node, collector);
  if (teller == nullptr) return;
  teller->up = false;
  for (auto& [dimension, polls] : teller->probes) ++polls;
}

MeasureBook::Teller* MeasureBook::find(std::uint64_t node, const std::string& collector) {
  const auto collectors = tellers_.find(node);
  if (collectors == tellers_.end()) return nullptr;
  const auto teller = collectors->second.find(collector);
  return teller == collectors->second.end() ? nullptr : &teller->second;
}

void MeasureBook::keep(const std::set<std::uint64_t>& nodes) {
  std::erase_if(tellers_, [&](const auto& entry) { return !nodes.contains(entry.first); });
}

void MeasureBook::settle(std::uint64_t node, const NodeView& view) {
  const auto collectors = tellers_.find(node);
  if (collectors == tellers_.end()) return;
  for (auto& [collector, teller] : collectors->second) {
    settle_decisions(teller, view);
    count_probes(teller, view);
  }
}

void MeasureBook::settle_decisions(Teller& teller, const NodeView& view) {
  const auto count = [&](Status status, const Decisions& decisions) {
    auto& total = totals_.decisions->at(static_cast<std::size_t>(status));
    total.good += decisions.allowed;
    total.bad += decisions.denied;
  };
  if (view.serving && totals_.decisions && teller.at_reading) {
    count(std::max(view.exposure, *teller.at_reading), teller.fresh);
    count(Status::unknown, teller.gap);
  }
  teller.fresh = teller.gap = {};
  if (teller.read) teller.at_reading = view.exposure;
  teller.read = false;
}

// A dimension that is not shown has no answer on any node.
void MeasureBook::count_probes(Teller& teller, const NodeView& view) {
  for (auto& [dimension, polls] : teller.probes) {
    const auto found = view.dimensions.find(dimension);
    const bool shown = found != view.dimensions.end();
    const ProbeResult result = shown ? result_of(found->second.status) : ProbeResult::error;
    (*totals_.probes)[result] += std::exchange(polls, 0);
  }
}

void MeasureBook::Sum::add(const std::optional<std::uint64_t>& more, bool up) {
  if (!more) return;
  items = items.value_or(0) + *more;
  known = known && up;
}

void MeasureBook::add_standings(const Teller& teller, MeasuresView& view,
                                std::map<std::string, Sums>& sums) {
  for (const auto& [kind, last] : teller.last.reconciliations) {
    const std::string& shown = known_name(view.reconciliations, kind);
    sums[shown].pending.add(last.pending_items, teller.up);
    sums[shown].mismatched.add(last.mismatched_items, teller.up);
    auto& oldest = view.reconciliations[shown].oldest_pending;
    if (teller.up) oldest = std::max(oldest, last.oldest_pending);
  }
}

MeasuresView MeasureBook::view() const {
  MeasuresView view = totals_;
  std::map<std::string, Sums> sums;
  for (const auto& [node, collectors] : tellers_) {
    for (const auto& [collector, teller] : collectors) add_standings(teller, view, sums);
  }
  for (const auto& [kind, of_kind] : sums) {
    auto& shown = view.reconciliations[kind];
    if (of_kind.pending.known) shown.pending_items = of_kind.pending.items;
    if (of_kind.mismatched.known) shown.mismatched_items = of_kind.mismatched.items;
  }
  return view;
}

}  // namespace mse
