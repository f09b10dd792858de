// Metrics of a whole service: who it is, its exposure, objectives, maintenance and migrations.
#include <algorithm>
#include <string_view>

#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;
constexpr auto kCounter = MetricType::counter;

void write_per_status(TextFormat& page, const std::string& labels, const PerStatus<double>& value) {
  for (const Status status : kStatuses) {
    page.sample(labels, {{"status", name(status)}}, value.at(static_cast<std::size_t>(status)));
  }
}

void write_budgets(TextFormat& page, const std::string& labels, const Objectives& objectives) {
  page.sample(labels, {{"slo", "exposure"}}, objectives.exposure);
  page.sample(labels, {{"slo", "convergence"}}, objectives.convergence_budget);
  page.sample(labels, {{"slo", "reconciliation"}}, objectives.reconciliation);
  page.sample(labels, {{"slo", "duplicates"}}, objectives.duplicates);
  page.sample(labels, {{"slo", "schema"}}, objectives.schema);
  page.sample(labels, {{"slo", "replica_lag"}}, objectives.replica_lag_budget);
  page.sample(labels, {{"slo", "config_drift"}}, objectives.config_drift);
  page.sample(labels, {{"slo", "authorization"}}, objectives.authorization);
}

// Without this dimension nobody has looked for migrations, and 0 would be a claim.
bool knows_migrations(const ServiceView& service) {
  return service.dimensions.contains("schema_version");
}

std::uint64_t write_online_changes(TextFormat& page, const ServiceLabels& service) {
  const auto& changes = service.view->online_changes;
  std::size_t written = 0;
  for (const auto& [key, count] : changes) {
    if (++written > kOutsideNames) return changes.size() - kOutsideNames;
    const std::string_view both = key;
    const std::size_t slash = std::min(both.find('/'), both.size());
    const std::string_view phase = both.substr(std::min(slash + 1, both.size()));
    page.sample(service.labels, {{"tool", both.substr(0, slash)}, {"phase", phase}}, count);
  }
  return 0;
}

void write_maintenance(TextFormat& page, Services services) {
  page.family("mixed_state_maintenance_active", kGauge,
              "Whether a maintenance window of the service is open now.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {}, service.view->maintenance_active ? 1 : 0);
  }
  page.family("mixed_state_maintenance_end_timestamp_seconds", kGauge,
              "When the open maintenance window ends; 0 when none is open.");
  for (const ServiceLabels& service : services) {
    const auto& end = service.view->maintenance_end;
    page.sample(service.labels, {}, service.view->maintenance_active && end ? seconds(*end) : 0);
  }
}

}  // namespace

void write_services(TextFormat& page, Services services) {
  page.family("mixed_state_service_info", kGauge, "A watched service, its owner and tier.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {{"owner", service.view->owner}, {"tier", service.view->tier}}, 1);
  }
  page.family("mixed_state_discovery_up", kGauge,
              "Whether the last look for the service's nodes succeeded; only where they are "
              "discovered.");
  for (const ServiceLabels& service : services) {
    const auto& up = service.view->discovery_up;
    if (up) page.sample(service.labels, {}, *up ? 1 : 0);
  }
  page.family("mixed_state_missing_nodes", kGauge,
              "Nodes that the service has fewer than its min_nodes; only where that is set.");
  for (const ServiceLabels& service : services) {
    if (const auto nodes = service.view->missing_nodes) page.sample(service.labels, {}, *nodes);
  }
  write_maintenance(page, services);
}

void write_exposure(TextFormat& page, Services services) {
  page.family("mixed_state_requests_total", kCounter,
              "Requests served by nodes of each status, the worse at both ends of a poll; only "
              "where the nodes' own counters are the source of exposure.");
  for (const ServiceLabels& service : services) {
    if (service.view->by_requests) write_per_status(page, service.labels, service.view->requests);
  }
  page.family("mixed_state_node_seconds_total", kCounter,
              "Seconds that serving nodes spent in each status.");
  for (const ServiceLabels& service : services) {
    write_per_status(page, service.labels, service.view->node_seconds);
  }
}

void write_objectives(TextFormat& page, Services services) {
  page.family("mixed_state_slo_error_budget_ratio", kGauge,
              "The share of bad events that an objective allows.");
  for (const ServiceLabels& service : services) {
    write_budgets(page, service.labels, service.view->objectives);
  }
  page.family("mixed_state_slo_convergence_seconds", kGauge,
              "The time within which a node should reach the target of a change.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {}, seconds(service.view->objectives.convergence));
  }
  page.family("mixed_state_slo_reconciliation_lag_seconds", kGauge,
              "The age that the oldest pending item of a reconciliation should stay under.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {}, seconds(service.view->objectives.reconciliation_lag));
  }
  page.family("mixed_state_slo_replica_lag_seconds", kGauge,
              "The lag that a replica should stay under.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {}, seconds(service.view->objectives.replica_lag));
  }
  page.family("mixed_state_slo_min_bad_events", kGauge,
              "Bad events in an alert's window below which nobody is paged.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {}, static_cast<double>(service.view->objectives.min_bad_events));
  }
}

std::uint64_t write_migrations(TextFormat& page, Services services) {
  page.family("mixed_state_migration_dirty", kGauge,
              "Nodes with a failed or half-applied migration.");
  for (const ServiceLabels& service : services) {
    if (knows_migrations(*service.view)) {
      page.sample(service.labels, {}, service.view->migration_dirty);
    }
  }
  page.family("mixed_state_migration_locked_seconds", kGauge,
              "How long a migration tool has held its lock, the longest of the nodes; 0 when none "
              "is held.");
  for (const ServiceLabels& service : services) {
    if (knows_migrations(*service.view)) {
      page.sample(service.labels, {}, seconds(service.view->migration_locked));
    }
  }
  page.family("mixed_state_pending_restart_nodes", kGauge,
              "Nodes with settings that were changed and wait for a restart, as last read.");
  for (const ServiceLabels& service : services) {
    if (const auto nodes = service.view->pending_restart) page.sample(service.labels, {}, *nodes);
  }
  page.family("mixed_state_online_schema_changes", kGauge,
              "Online schema changes under way, by tool and phase.");
  std::uint64_t dropped = 0;
  for (const ServiceLabels& service : services) dropped += write_online_changes(page, service);
  return dropped;
}

}  // namespace mse
