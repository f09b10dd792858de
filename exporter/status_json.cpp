// Names of the fields are a contract with programs: see deploy/openapi.yml.
#include "exporter/status_json.h"

#include <algorithm>
#include <vector>

#include "exporter/gate_json.h"
#include "exporter/status_parts.h"

namespace mse {
namespace {

constexpr std::size_t kStates = 8;

struct Asked {
  const StatusFilter& filter;
  Freshness freshness;
  std::size_t rows_left = kStatusRows;

  bool shows(const std::string& dimension) const {
    return filter.dimension.empty() || filter.dimension == dimension;
  }
};

Json change_json(const ChangeView& change) {
  return {{"deploy_id", change.declared ? Json(change.deploy_id) : Json()},
          {"declared", change.declared},
          {"cause", change.cause},
          {"from", change.from},
          {"to", change.to},
          {"started", json_of(change.started)},
          {"deadline", json_of(change.deadline)},
          {"overdue", change.overdue},
          {"converged_ratio", change.converged_ratio},
          {"outcome", change.outcome ? Json(name(*change.outcome)) : Json()},
          {"ended", json_of(change.ended)}};
}

Json changes_json(const DimensionView& view) {
  Json out = Json::array();
  if (view.open_change) out.push_back(change_json(*view.open_change));
  for (const ChangeView& change : view.other_changes) out.push_back(change_json(change));
  if (view.last_change) out.push_back(change_json(*view.last_change));
  return out;
}

Json canonical_json(const DimensionView& view) {
  Json out = Json::array();
  for (const auto& [group, canonical] : view.canonical) {
    if (out.size() == kStatusNames) break;
    out.push_back({{"group", group},
                   {"state", text_or_null(canonical.text)},
                   {"fingerprint", canonical.key ? Json(canonical.key->fingerprint) : Json()},
                   {"missing", canonical.missing ? Json(name(*canonical.missing)) : Json()}});
  }
  return out;
}

// A state that differs from another in secrets alone has no fingerprint of its own.
Json states_json(const DimensionView& view) {
  Json out = Json::array();
  for (const StateNodes& state : view.states) {
    if (out.size() == kStates) break;
    out.push_back({{"state", text_or_null(state.text)},
                   {"fingerprint", state.secret_variant ? Json() : Json(state.key.fingerprint)},
                   {"role", name(state.role)},
                   {"nodes", state.nodes}});
  }
  return out;
}

Json counts_json(const DimensionView& view) {
  Json out = Json::object();
  for (const Status status : kStatuses)
    out[std::string(name(status))] = view.nodes.at(static_cast<std::size_t>(status));
  return out;
}

std::string_view name_of(Enforce enforce) {
  if (enforce == Enforce::page) return "page";
  return enforce == Enforce::ticket ? "ticket" : "observe";
}

Json dimension_json(const std::string& name, const DimensionView& view) {
  return {{"dimension", name},
          {"enforce", name_of(view.enforce)},
          {"unsupported", view.unsupported},
          {"nodes", counts_json(view)},
          {"preexisting_nodes", view.preexisting_nodes},
          {"canonical", canonical_json(view)},
          {"canonicals_left_out",
           view.canonical.size() - std::min(view.canonical.size(), kStatusNames)},
          {"states", states_json(view)},
          {"states_left_out", view.states.size() - std::min(view.states.size(), kStates)},
          {"compatible", json_of(view.compatible)},
          {"convergence_p95_seconds", json_of(view.last_p95)},
          {"changes", changes_json(view)}};
}

// A node in a dimension.
struct Row {
  const NodeView* node = nullptr;
  const std::string* dimension = nullptr;
  const NodeDimension* view = nullptr;
};

int rank(const Row& row) {
  switch (row.view->status) {
    case Status::divergent:
      return row.view->preexisting ? 1 : 0;
    case Status::unknown:
      return 2;
    case Status::transition:
      return 3;
    default:
      return 4;
  }
}

std::vector<Row> rows_of(const ServiceView& service, const Asked& asked) {
  std::vector<Row> rows;
  const std::string& wanted = asked.filter.node;
  for (const NodeView& node : service.nodes) {
    if (!wanted.empty() && node.name != wanted) continue;
    for (const auto& [name, view] : node.dimensions) {
      const bool worth_it = !wanted.empty() || view.status != Status::canonical;
      if (worth_it && asked.shows(name.str())) rows.push_back({&node, &name.str(), &view});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& one, const Row& other) { return rank(one) < rank(other); });
  return rows;
}

Json keys_json(const KeyList& keys, const StatusFilter& filter) {
  const bool asked_for = !filter.dimension.empty() || !filter.node.empty();
  const std::size_t most = asked_for ? kStatusKeys : kStatusNames;
  Json out = Json::array();
  for (const std::string& key : keys) {
    if (out.size() == most) break;
    out.push_back(key);
  }
  return out;
}

Json allowance_json(const NodeDimension& view, const ServiceView& service) {
  if (!view.allowance) return {};
  const bool maintenance = *view.allowance == AllowanceSource::maintenance;
  const auto& until = maintenance ? service.maintenance_end : view.allowance_until;
  return {{"source", name(*view.allowance)},
          {"why", view.allowance_why.str()},
          {"who", text_or_null(view.allowance_who.str())},
          {"until", json_of(until)}};
}

Json row_json(const Row& row, const ServiceView& service, const StatusFilter& filter) {
  const auto& [node, dimension, view] = row;
  const Json state = view->state ? text_or_null(view->state->text) : Json();
  const Json fingerprint = view->state ? Json(view->state->key.fingerprint) : Json();
  return {{"node", node->name},
          {"role", text_or_null(std::string(name(node->role)))},
          {"region", text_or_null(node->region)},
          {"serving", node->serving},
          {"lag_seconds", node->lag ? json_of(node->lag->time) : Json()},
          {"dimension", *dimension},
          {"status", name(view->status)},
          {"preexisting", view->preexisting},
          {"unknown_reason", view->reason ? Json(name(*view->reason)) : Json()},
          {"state", state},
          {"fingerprint", fingerprint},
          {"since", json_of(view->since)},
          {"differing_keys", keys_json(view->differing_keys, filter)},
          {"differing_key_count", view->differing_keys.size()},
          {"allowance", allowance_json(*view, service)}};
}

Json failed_json(const CollectorView::Node& node) {
  return {{"node", node.name},
          {"up", node.up},
          {"last_success", json_of(node.last_success)},
          {"last_failure", node.failed ? json_of(node.failed->at) : Json()},
          {"reason", node.failed ? Json(name(node.failed->reason)) : Json()},
          {"error", node.failed ? text_or_null(node.failed->text.str()) : Json()}};
}

// Those that are down before those that have failed before.
Json failures_json(const CollectorView& collector) {
  Json out = Json::array();
  for (const bool up : {false, true}) {
    for (const CollectorView::Node& node : collector.nodes) {
      if (out.size() == kStatusNames) return out;
      if (node.up == up && (!up || node.failed)) out.push_back(failed_json(node));
    }
  }
  return out;
}

Json collector_json(const CollectorView& collector) {
  const auto down = std::count_if(collector.nodes.begin(), collector.nodes.end(),
                                  [](const auto& node) { return !node.up; });
  Json errors = Json::object();
  for (const auto& [reason, count] : collector.errors) errors[std::string(name(reason))] = count;
  return {{"collector", collector.kind},
          {"interval_seconds", json_of(collector.interval)},
          {"nodes", collector.nodes.size()},
          {"nodes_down", down},
          {"errors", errors},
          {"failures", failures_json(collector)}};
}

Json ratio(int part, int whole) {
  return whole > 0 ? Json(static_cast<double>(part) / whole) : Json();
}

Json exposure_json(const ServiceView& service) {
  const Exposed now = exposed(service);
  return {{"strict_ratio", ratio(now.outside, now.known)},
          {"unplanned_ratio", ratio(now.divergent, now.known)},
          {"coverage_ratio", ratio(now.known, now.serving)},
          {"source", service.by_requests ? "requests" : "time"},
          {"unplanned_5m_ratios",
           {json_of(service.burn[0]), json_of(service.burn[1]), json_of(service.burn[2])}},
          {"budget_ratio", service.objectives.exposure}};
}

Json gate_summary(const ServiceView& service, const Freshness& freshness) {
  const GateQuestion caller = oldest_caller(service);
  const GateAnswer answer = gate(service, caller, freshness);
  return {{"verdict", name(answer.verdict)},
          {"deploy_id", text_or_null(caller.deploy_id)},
          {"reasons", reasons_json(answer)}};
}

Json hold_json(const std::optional<ManualHold>& hold) {
  if (!hold) return {};
  return {{"owner", hold->owner}, {"reason", hold->reason}, {"until", json_of(hold->until)}};
}

Json nodes_json(const ServiceView& service, Asked& asked, std::size_t& left_out) {
  const std::vector<Row> rows = rows_of(service, asked);
  const std::size_t shown = std::min(rows.size(), asked.rows_left);
  asked.rows_left -= shown;
  left_out = rows.size() - shown;
  Json out = Json::array();
  for (std::size_t i = 0; i < shown; ++i) out.push_back(row_json(rows[i], service, asked.filter));
  return out;
}

Json service_json(const ServiceView& service, Asked& asked) {
  Json dimensions = Json::array();
  for (const auto& [name, view] : service.dimensions) {
    if (asked.shows(name)) dimensions.push_back(dimension_json(name, view));
  }
  Json collectors = Json::array();
  for (const CollectorView& collector : service.collectors)
    collectors.push_back(collector_json(collector));
  std::size_t left_out = 0;
  Json nodes = nodes_json(service, asked, left_out);
  return {{"service", service.name},
          {"owner", service.owner},
          {"tier", service.tier},
          {"gate", gate_summary(service, asked.freshness)},
          {"node_count", service.nodes.size()},
          {"tolerated_unknown", service.tolerated_unknown},
          {"exposure", exposure_json(service)},
          {"maintenance_until", json_of(service.maintenance_end)},
          {"hold", hold_json(service.hold)},
          {"dimensions", std::move(dimensions)},
          {"nodes", std::move(nodes)},
          {"nodes_left_out", left_out},
          {"collectors", std::move(collectors)}};
}

// What is asked for and is not there.
std::optional<std::string> missing(const ServiceView& service, const StatusFilter& filter) {
  if (!filter.dimension.empty() && !service.dimensions.contains(filter.dimension))
    return "dimension \"" + filter.dimension + "\"";
  const bool there = std::any_of(service.nodes.begin(), service.nodes.end(),
                                 [&](const NodeView& node) { return node.name == filter.node; });
  if (!filter.node.empty() && !there) return "node \"" + filter.node + "\"";
  return std::nullopt;
}

}  // namespace

Result<std::string> status_json(const Snapshot& snapshot, const StatusFilter& filter, Mono now) {
  Asked asked{filter, {now - snapshot.at, snapshot.stale_after}};
  std::string wanted = "service \"" + filter.service + "\"";
  bool found = filter.service.empty() && filter.dimension.empty() && filter.node.empty();
  std::vector<std::string> waiting;
  for (const std::string& name : snapshot.waiting) {
    if (filter.service.empty() || filter.service == name) waiting.push_back(name);
  }
  found = found || (!filter.service.empty() && !waiting.empty());
  Json services = Json::array();
  for (const ServiceView& service : snapshot.services) {
    if (!filter.service.empty() && service.name != filter.service) continue;
    if (auto lacking = missing(service, filter)) {
      wanted = *std::move(lacking);
      continue;
    }
    found = true;
    services.push_back(service_json(service, asked));
  }
  if (!found) return fail("There is no " + wanted + " here.");
  return line_of({{"evaluated_at", json_of(snapshot.wall)},
                  {"data_age_seconds", json_of(asked.freshness.age)},
                  {"stale", asked.freshness.age > asked.freshness.stale_after},
                  {"waiting", waiting},
                  {"services", std::move(services)}});
}

std::string empty_status_json() {
  return line_of({{"evaluated_at", nullptr},
                  {"data_age_seconds", nullptr},
                  {"stale", true},
                  {"waiting", Json::array()},
                  {"services", Json::array()}});
}

}  // namespace mse
