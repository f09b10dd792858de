// Built on the rich snapshot's first service.
#include "tests/support/mixed_snapshot.h"

#include <memory>
#include <utility>

#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

using std::chrono::seconds;

Wall at(int second) {
  return Wall(seconds(1700000000 + second));
}

std::shared_ptr<const State> state(std::uint64_t fingerprint, std::string text,
                                   std::map<std::string, std::string> parts = {}) {
  return std::make_shared<const State>(
      State{{fingerprint, "secret digest"}, std::move(text), std::move(parts)});
}

NodeDimension in_state(Status status, std::shared_ptr<const State> held) {
  NodeDimension dimension;
  dimension.status = status;
  dimension.state = std::move(held);
  if (status == Status::divergent || status == Status::transition) dimension.since = at(-20);
  if (status == Status::unknown) dimension.reason = Reason::deadline;
  return dimension;
}

void differ_in_settings(ServiceView& service) {
  const auto right = state(
      4001, "beef01",
      {{"archive_mode", "digest 1"}, {"shared_buffers", "digest 2"}, {"work_mem", "digest 3"}});
  const auto wrong = state(
      4002, "c0ffee",
      {{"max_wal_size", "digest 4"}, {"shared_buffers", "digest 2"}, {"work_mem", "digest 5"}});
  service.nodes[0].dimensions["config"] = in_state(Status::canonical, right);
  auto& config = service.nodes[1].dimensions["config"];
  config = in_state(Status::divergent, wrong);
  config.differing_keys = {"archive_mode", "max_wal_size", "work_mem"};
  DimensionView& view = service.dimensions["config"];
  view.canonical[""].text = "beef01";
  view.preexisting_nodes = 0;
  view.states[0].text = "beef01";
  view.states[1].text = "c0ffee";
}

void acknowledge(ServiceView& service) {
  auto& hba = service.nodes[1].dimensions["hba"];
  hba = in_state(Status::transition, state(52, "f00d52"));
  hba.allowance = AllowanceSource::acknowledged;
  hba.allowance_why = "reporting replica";
  hba.allowance_who = "dba";
  hba.allowance_until = at(86400);
  service.nodes[0].dimensions["hba"] = in_state(Status::canonical, state(51, "f00d51"));
  service.nodes[2].dimensions["hba"] = in_state(Status::unknown, nullptr);
  DimensionView& view = service.dimensions["hba"];
  view.canonical[""] = {StateKey{51, ""}, "f00d51", {}};
  view.nodes = {1, 1, 1, 0};
  view.allowances = {{AllowanceSource::acknowledged, 1}};
  view.enforce = Enforce::observe;
}

ServiceView orders() {
  ServiceView service = rich_snapshot().services.front();
  differ_in_settings(service);
  acknowledge(service);
  auto& version = service.nodes[1].dimensions["schema_version"];
  version.allowance_why = "changing from 41 to 42";
  version.allowance_who = "deploy-7";
  version.allowance_until = at(300);
  auto& change = *service.dimensions["schema_version"].open_change;
  change.arrivals = {{seconds(30), 1}};
  change.to_state = service.nodes[0].dimensions["schema_version"].state;
  auto& closed = *service.dimensions["schema_version"].last_change;
  closed.ended = at(-7100);
  service.nodes[2].exposure = Status::unknown;
  service.nodes[1].exposure = Status::divergent;
  service.nodes[0].exposure = Status::canonical;
  service.collectors[0].nodes[2].failed = {at(90), Reason::refused, "connection to <pg-3> refused"};
  return service;
}

ServiceView checkout() {
  ServiceView service;
  service.name = "checkout";
  service.owner = "web";
  const auto right = state(241, "2.4.1"), wrong = state(240, "2.4.0");
  for (int i = 1; i <= 3; ++i) {
    NodeView node;
    node.name = "checkout-" + std::to_string(i);
    node.dimensions["software_version"] =
        i == 2 ? in_state(Status::divergent, wrong) : in_state(Status::canonical, right);
    node.exposure = i == 2 ? Status::divergent : Status::canonical;
    service.nodes.push_back(std::move(node));
  }
  DimensionView& view = service.dimensions["software_version"];
  view.canonical[""] = {right->key, "2.4.1", {}};
  view.nodes = {2, 0, 0, 1};
  view.states = {{right->key, "2.4.1", StateRole::target, 2, false},
                 {wrong->key, "2.4.0", StateRole::other, 1, false}};
  return service;
}

ServiceView sessions() {
  ServiceView service;
  service.name = "sessions";
  const auto held = state(7, "7.0.15");
  for (int i = 0; i < 30; ++i) {
    NodeView node;
    node.name = "redis-" + std::to_string(i);
    node.dimensions["software_version"] = in_state(Status::canonical, held);
    node.exposure = Status::canonical;
    service.nodes.push_back(std::move(node));
  }
  DimensionView& view = service.dimensions["software_version"];
  view.canonical[""] = {held->key, "7.0.15", {}};
  view.nodes = {30, 0, 0, 0};
  view.states = {{held->key, "7.0.15", StateRole::target, 30, false}};
  return service;
}

void spoil(NodeView& node, const std::string& text) {
  NodeDimension dimension = in_state(Status::divergent, state(9, text, {{text, text}}));
  dimension.differing_keys = {text};
  dimension.allowance = AllowanceSource::acknowledged;
  dimension.allowance_why = text;
  dimension.allowance_who = text;
  node.name = text;
  node.region = text;
  node.dimensions = {};
  node.dimensions[text] = dimension;
}

}  // namespace

Snapshot mixed_snapshot() {
  Snapshot snapshot;
  snapshot.at = Mono(std::chrono::hours(1));
  snapshot.wall = at(100);
  snapshot.services = {sessions(), orders(), checkout()};
  snapshot.incomplete = 1;
  snapshot.waiting = {"invoices"};
  return snapshot;
}

Snapshot wide_snapshot(int nodes, Status status) {
  std::vector<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.push_back("a_setting_with_a_long_name_" + std::to_string(i));
  const KeyList shared(keys);
  ServiceView service;
  service.name = "fleet";
  for (int i = 0; i < nodes; ++i) {
    NodeView node;
    node.name = "node-" + std::to_string(i);
    node.exposure = status;
    for (const char* name : {"access_policy", "config", "hba", "schema", "software_version"}) {
      const std::string text = "a state that is long enough to be cut short " + std::to_string(i);
      auto& dimension = node.dimensions[name];
      dimension = in_state(status, state(static_cast<std::uint64_t>(i) + 1, text));
      if (status == Status::divergent) dimension.differing_keys = shared;
    }
    service.nodes.push_back(std::move(node));
  }
  for (const auto& [name, dimension] : service.nodes.front().dimensions) {
    DimensionView& view = service.dimensions[name.str()];
    view.canonical[""] = {StateKey{77, ""}, "the right one", {}};
    view.nodes.at(static_cast<std::size_t>(status)) = nodes;
  }
  CollectorView collector;
  collector.kind = "postgres";
  for (const NodeView& node : service.nodes)
    collector.nodes.push_back(
        {node.name, false, {}, 1, CollectorView::Failed{at(0), {}, "broken"}});
  service.collectors.push_back(std::move(collector));
  Snapshot snapshot;
  snapshot.wall = at(100);
  snapshot.services.push_back(std::move(service));
  return snapshot;
}

void spoil(Snapshot& snapshot, const std::string& text) {
  ServiceView& service = snapshot.services.front();
  service.name = service.owner = service.tier = text;
  service.nodes.resize(1);
  spoil(service.nodes.front(), text);
  DimensionView view = service.dimensions.begin()->second;
  view.canonical = {{text, {StateKey{9, ""}, text, {}}}};
  view.nodes = {0, 0, 0, 1};
  view.states = {{StateKey{9, ""}, text, StateRole::other, 1, false}};
  ChangeView change;
  change.deploy_id = change.cause = change.from = change.to = text;
  view.open_change = view.last_change = service.deploy = change;
  service.dimensions = {{text, view}};
  CollectorView collector;
  collector.kind = text;
  collector.nodes = {{text, false, {}, 1, CollectorView::Failed{at(0), Reason::protocol, text}}};
  service.collectors = {collector};
}

}  // namespace mse
