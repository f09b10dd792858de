// Three services: one in the middle of a declared change, one with many states, one hostile.
#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Wall at(int second) {
  return Wall(seconds(1700000000 + second));
}

NodeDimension node_dimension(Status status, std::uint64_t fingerprint, std::string text) {
  NodeDimension dimension;
  dimension.status = status;
  dimension.state = std::make_shared<const State>(State{{fingerprint, ""}, std::move(text), {}});
  if (status == Status::divergent || status == Status::transition) dimension.since = at(60);
  return dimension;
}

NodeDimension unread(Reason reason) {
  NodeDimension dimension;
  dimension.reason = reason;
  return dimension;
}

NodeView node(std::string name, Role role, std::string region) {
  NodeView view;
  view.name = std::move(name);
  view.role = role;
  view.region = std::move(region);
  return view;
}

NodeView primary() {
  NodeView view = node("pg-1", Role::primary, "eu");
  view.dimensions["config"] = node_dimension(Status::canonical, 4001, "");
  view.dimensions["schema_version"] = node_dimension(Status::canonical, 42, "42");
  view.downstreams.replicas = {
      {"walreceiver", milliseconds(5), milliseconds(7), milliseconds(20)},
      {"walreceiver", {}, milliseconds(9), milliseconds(10)},
      {"idle", {}, {}, {}},
  };
  view.downstreams.slots = {
      {"pg_2", true, 1024}, {"forgotten", false, 3245648}, {"lost", false, {}}};
  return view;
}

NodeView lagging() {
  NodeView view = node("pg-2", Role::replica, "us");
  view.dimensions["config"] = node_dimension(Status::divergent, 4002, "");
  view.dimensions["config"].differing_keys = {"shared_buffers", "work_mem"};
  view.dimensions["schema_version"] = node_dimension(Status::transition, 41, "41");
  view.dimensions["schema_version"].allowance = AllowanceSource::change;
  view.lag = Lag{milliseconds(1500), 2048, {}};
  view.link_up = true;
  return view;
}

NodeView cut_off() {
  NodeView view = node("pg-3", Role::replica, "");
  view.dimensions["config"] = unread(Reason::refused);
  view.dimensions["schema_version"] = unread(Reason::refused);
  view.lag = Lag{{}, {}, minutes(2)};
  view.link_up = false;
  return view;
}

// Declared and open.
ChangeView change(std::string deploy_id, std::string from, std::string to, int started,
                  int deadline) {
  ChangeView view;
  view.declared = true;
  view.deploy_id = std::move(deploy_id);
  view.from = std::move(from);
  view.to = std::move(to);
  view.started = at(started);
  view.deadline = at(deadline);
  return view;
}

StateNodes state(std::uint64_t fingerprint, const std::string& secret, StateRole role, int nodes) {
  StateNodes state;
  state.key = {fingerprint, secret};
  state.role = role;
  state.nodes = nodes;
  return state;
}

DimensionView config_dimension() {
  DimensionView view;
  view.canonical[""] = {StateKey{4001, "secret"}, "", {}};
  view.nodes = {1, 0, 1, 1};
  view.states = {state(4001, "secret", StateRole::target, 1),
                 state(4002, "secret", StateRole::other, 1),
                 state(4001, "another", StateRole::other, 2)};
  view.states.back().secret_variant = true;
  view.preexisting_nodes = 1;
  view.last_change = change("none", "a", "b", -900, -600);
  view.last_change->cause = "0123456789ab";
  view.last_change->declared = view.last_change->open = false;
  view.last_change->outcome = Outcome::superseded;
  view.last_change->converged_ratio = 0.5;
  view.changes = {{Outcome::superseded, 1}};
  view.transitions = {{Direction::backward, 2}};
  return view;
}

DimensionView version_dimension() {
  DimensionView view;
  view.enforce = Enforce::ticket;
  view.canonical[""] = {StateKey{42, ""}, "42", {}};
  view.nodes = {1, 1, 1, 0};
  view.allowances = {{AllowanceSource::change, 1}};
  view.states = {state(42, "", StateRole::target, 1), state(41, "", StateRole::previous, 1)};
  view.states.front().text = "42";
  view.states.back().text = "41";
  view.open_change = change("deploy-7", "41", "42", 0, 300);
  view.open_change->cause = "fedcba987654";
  view.open_change->converged_ratio = 1.0 / 3;
  view.last_change = change("deploy-6", "40", "41", -7200, -6900);
  view.last_change->cause = "aaaaaaaaaaaa";
  view.last_change->open = false;
  view.last_change->outcome = Outcome::converged;
  view.last_change->converged_ratio = 1;
  view.last_change->p95 = seconds(41);
  view.changes = {{Outcome::converged, 3}, {Outcome::rolled_back, 1}};
  view.transitions = {{Direction::forward, 7}, {Direction::lateral, 1}};
  view.converged_in_time = 6;
  view.converged_late = 1;
  view.convergence.observe(4);
  view.convergence.observe(41.5);
  view.last_p95 = seconds(41);
  view.compatible = true;
  return view;
}

CollectorView postgres() {
  CollectorView view;
  view.kind = "postgres";
  view.interval = seconds(15);
  view.nodes = {{"pg-1", true, at(99), 7}, {"pg-2", true, at(98), 7}, {"pg-3", false, {}, 7}};
  view.errors = {{Reason::refused, 7}};
  view.duration.observe(0.004);
  view.duration.observe(0.25);
  return view;
}

MeasuresView measures() {
  MeasuresView view;
  auto& backfill = view.reconciliations["backfill"];
  backfill.runs = {40, 2};
  backfill.processed_items = 12000;
  backfill.duration.emplace(kReconciliationBounds).observe(2.5, 42);
  backfill.pending_items = 17;
  backfill.mismatched_items = 0;
  backfill.oldest_pending = milliseconds(90500);
  backfill.last_success = at(80);
  view.reconciliations["never told how often"].oldest_pending = seconds(0);
  view.streams["payments"] = {1000000, 9};
  view.streams["without duplicates"].events = 5;
  view.schemas = {5000, 1};
  view.decisions.emplace().at(0) = {300, 20};
  view.decisions->at(3) = {1, 0};
  view.probes = {{ProbeResult::match, 5}};
  return view;
}

ServiceView orders() {
  ServiceView service;
  service.name = "orders-db";
  service.owner = "payments";
  service.tier = "critical";
  service.objectives.exposure = 0.005;
  service.nodes = {primary(), lagging(), cut_off()};
  service.dimensions["config"] = config_dimension();
  service.dimensions["schema_version"] = version_dimension();
  service.by_requests = true;
  service.requests = {1000.5, 20, 3, 40};
  service.node_seconds = {300, 60.25, 15, 90};
  service.deploy = service.dimensions["schema_version"].open_change;
  service.lag_within = 100;
  service.lag_outside = 5;
  service.maintenance_active = true;
  service.maintenance_end = at(3600);
  service.migration_dirty = 1;
  service.pending_restart = 2;
  service.missing_nodes = 1;
  service.migration_locked = milliseconds(2500);
  service.online_changes = {{"gh-ost/copy", 1}, {"pt-osc/swap/late", 2}, {"spirit", 1}};
  service.measures = measures();
  service.collectors = {postgres()};
  return service;
}

// Ten tenants, each in a state of its own; compared within their group; nobody declared anything.
ServiceView tenants() {
  ServiceView service;
  service.name = "tenants";
  DimensionView schema;
  schema.canonical["eu"] = {StateKey{1, ""}, "one", {}};
  schema.canonical["us"] = {{}, "", NoCanonical::no_majority};
  schema.preexisting_canonical_missing = true;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    const Status status = i == 1 ? Status::canonical : Status::divergent;
    schema.states.push_back({{i, ""}, "state " + std::to_string(i), StateRole::other, 1, false});
    service.nodes.push_back(node("tenant-" + std::to_string(i), Role::none, ""));
    service.nodes.back().dimensions["schema"] = node_dimension(status, i, "");
    service.nodes.back().ephemeral = true;
  }
  schema.states[0].role = StateRole::target;
  schema.states[9].role = StateRole::previous;
  schema.nodes = {1, 0, 0, 9};
  schema.compatible = false;
  service.dimensions["schema"] = schema;
  service.discovery_up = true;
  service.node_seconds = {100, 0, 0, 900};
  return service;
}

ServiceView hostile() {
  ServiceView service;
  service.name = "quote \" backslash \\ newline \n caf\xE9";
  service.owner = "größer";
  service.tier = std::string("nul \0 end", 9);
  return service;
}

}  // namespace

Snapshot rich_snapshot() {
  Snapshot snapshot;
  snapshot.wall = at(100);
  snapshot.services = {orders(), tenants(), hostile()};
  snapshot.incomplete = 1;
  snapshot.position_interval = seconds(1);
  return snapshot;
}

}  // namespace mse
