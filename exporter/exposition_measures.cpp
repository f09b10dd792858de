// Metrics of measures M3 to M5 and M8, where a collector tells them.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;
constexpr auto kCounter = MetricType::counter;

using Reconciliation = MeasuresView::Reconciliation;

// Calls `write(service, labels, entry)` for each entry of a map of every service's measures.
template <typename Map, typename Write>
void each(Services services, Map MeasuresView::* map, std::string_view label, Write write) {
  std::string labels;
  for (const ServiceLabels& service : services) {
    for (const auto& [name, entry] : service.view->measures.*map) {
      labels = service.labels;
      append_labels(labels, {{label, name}});
      write(labels, entry);
    }
  }
}

template <typename Write>
void each_kind(Services services, Write write) {
  each(services, &MeasuresView::reconciliations, "kind", write);
}

double number(std::uint64_t value) {
  return static_cast<double>(value);
}
double number(Duration value) {
  return seconds(value);
}
double number(Wall value) {
  return seconds(value);
}

// One value of each kind that has it.
template <typename Value>
void write_of_kinds(TextFormat& page, Services services,
                    std::optional<Value> Reconciliation::* what) {
  each_kind(services, [&](const std::string& labels, const Reconciliation& kind) {
    if (kind.*what) page.sample(labels, {}, number(*(kind.*what)));
  });
}

void write_outcomes(TextFormat& page, const std::string& labels, std::string_view label,
                    const GoodAndBad& outcomes, std::string_view good, std::string_view bad) {
  page.sample(labels, {{label, good}}, number(outcomes.good));
  page.sample(labels, {{label, bad}}, number(outcomes.bad));
}

void write_runs(TextFormat& page, Services services) {
  page.family("mixed_state_reconciliations_total", kCounter, "Runs of reconciliations, by kind.");
  each_kind(services, [&](const std::string& labels, const Reconciliation& kind) {
    if (kind.runs) write_outcomes(page, labels, "result", *kind.runs, "success", "failure");
  });
  page.family("mixed_state_reconciliation_duration_seconds", MetricType::histogram,
              "How long reconciliation runs took; runs between two polls as long as the last.");
  each_kind(services, [&](const std::string& labels, const Reconciliation& kind) {
    if (kind.duration) page.histogram(labels, *kind.duration);
  });
  page.family("mixed_state_reconciliation_processed_items_total", kCounter,
              "Items that reconciliations have processed.");
  write_of_kinds(page, services, &Reconciliation::processed_items);
}

void write_standings(TextFormat& page, Services services) {
  page.family("mixed_state_reconciliation_last_success_timestamp_seconds", kGauge,
              "When a reconciliation last succeeded.");
  write_of_kinds(page, services, &Reconciliation::last_success);
  page.family("mixed_state_reconciliation_oldest_pending_seconds", kGauge,
              "Age of the oldest item that waits for reconciliation; absent when unknown.");
  write_of_kinds(page, services, &Reconciliation::oldest_pending);
  page.family("mixed_state_reconciliation_pending_items", kGauge,
              "Items that wait for reconciliation; absent when a node that knows cannot be read.");
  write_of_kinds(page, services, &Reconciliation::pending_items);
  page.family("mixed_state_reconciliation_mismatched_items", kGauge,
              "Items found different; absent when a node that knows cannot be read.");
  write_of_kinds(page, services, &Reconciliation::mismatched_items);
}

void write_streams(TextFormat& page, Services services) {
  page.family("mixed_state_events_total", kCounter, "Events processed, by stream.");
  each(services, &MeasuresView::streams, "stream", [&](const auto& labels, const auto& stream) {
    if (stream.events) page.sample(labels, {}, number(*stream.events));
  });
  page.family("mixed_state_duplicate_events_total", kCounter,
              "Events that had been processed before, by stream.");
  each(services, &MeasuresView::streams, "stream", [&](const auto& labels, const auto& stream) {
    if (stream.duplicates) page.sample(labels, {}, number(*stream.duplicates));
  });
}

void write_decisions(TextFormat& page, const ServiceLabels& service) {
  const auto& decisions = service.view->measures.decisions;
  if (!decisions) return;
  for (const Status status : kStatuses) {
    std::string labels = service.labels;
    append_labels(labels, {{"status", name(status)}});
    write_outcomes(page, labels, "decision", decisions->at(static_cast<std::size_t>(status)),
                   "allow", "deny");
  }
}

void write_probes(TextFormat& page, const ServiceLabels& service) {
  const auto& probes = service.view->measures.probes;
  if (!probes) return;
  for (const ProbeResult result : kProbeResults) {
    const auto found = probes->find(result);
    page.sample(service.labels, {{"result", name(result)}},
                found == probes->end() ? 0 : number(found->second));
  }
}

}  // namespace

void write_measures(TextFormat& page, Services services) {
  write_runs(page, services);
  write_standings(page, services);
  write_streams(page, services);
  page.family("mixed_state_schema_validations_total", kCounter, "Validations against a schema.");
  for (const ServiceLabels& service : services) {
    const auto& schemas = service.view->measures.schemas;
    if (schemas) write_outcomes(page, service.labels, "result", *schemas, "ok", "error");
  }
  page.family("mixed_state_authorization_decisions_total", kCounter,
              "Authorization decisions of nodes of each status, the worse at both ends of a poll.");
  for (const ServiceLabels& service : services) write_decisions(page, service);
  page.family("mixed_state_authorization_probes_total", kCounter,
              "Polls of authorization probes: as the canonical answer, another, or none.");
  for (const ServiceLabels& service : services) write_probes(page, service);
}

}  // namespace mse
