// Metrics of replication: lag as measured by positions, and what nodes say of their own replicas.
#include <algorithm>
#include <array>
#include <map>

#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;
constexpr std::array<std::string_view, 3> kStages{"write", "flush", "replay"};

using StageLags = std::array<std::optional<Duration>, 3>;  // as kStages

template <typename Write>
void each_replicating(Services services, Write write) {
  each_node(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    if (node.replicates) write(service, node);
  });
}

std::string joined(const ServiceLabels& service, const NodeLabels& node) {
  return service.labels + "," + node.label;
}

// Several replicas may go by one name (it is the client's choice, and has a default): the slowest
// stands for them.
std::map<std::string_view, StageLags> by_name(const std::vector<Downstreams::Replica>& replicas) {
  std::map<std::string_view, StageLags> result;
  for (const auto& replica : replicas) {
    StageLags& lags = result[replica.name];
    lags[0] = std::max(lags[0], replica.write_lag);
    lags[1] = std::max(lags[1], replica.flush_lag);
    lags[2] = std::max(lags[2], replica.replay_lag);
  }
  return result;
}

void write_stages(TextFormat& page, const std::string& labels, std::string_view replica,
                  const StageLags& lags) {
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    if (!lags.at(stage)) continue;
    page.sample(labels, {{"replica", replica}, {"stage", kStages.at(stage)}},
                seconds(*lags.at(stage)));
  }
}

// Gives how many replicas were left out.
std::uint64_t write_replicas(TextFormat& page, const std::string& labels, const NodeLabels& node) {
  const auto replicas = by_name(node.view->downstreams.replicas);
  std::size_t written = 0;
  for (const auto& [replica, lags] : replicas) {
    if (++written > kOutsideNames) return replicas.size() - kOutsideNames;
    write_stages(page, labels, replica, lags);
  }
  return 0;
}

std::uint64_t write_reported(TextFormat& page, Services services) {
  page.family("mixed_state_replica_reported_lag_seconds", kGauge,
              "Lag of a replica as its upstream node reports it; absent while idle.");
  std::uint64_t dropped = 0;
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    dropped += write_replicas(page, joined(service, node), node);
  });
  return dropped;
}

using Slots = std::span<const Downstreams::Slot>;

Slots shown(const std::vector<Downstreams::Slot>& slots) {
  return Slots(slots).first(std::min(slots.size(), kOutsideNames));
}

std::uint64_t write_slots(TextFormat& page, Services services) {
  std::uint64_t dropped = 0;
  page.family("mixed_state_replication_slot_active", kGauge,
              "Whether anyone reads from the replication slot.");
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    const auto& slots = node.view->downstreams.slots;
    const std::string labels = joined(service, node);
    for (const auto& slot : shown(slots)) {
      page.sample(labels, {{"slot", slot.name}}, slot.active ? 1 : 0);
    }
    dropped += slots.size() - shown(slots).size();
  });
  page.family("mixed_state_replication_slot_retained_bytes", kGauge,
              "Bytes of log that the replication slot keeps from being removed.");
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    const auto& slots = node.view->downstreams.slots;
    const std::string labels = joined(service, node);
    for (const auto& slot : shown(slots)) {
      if (!slot.retained_bytes) continue;
      page.sample(labels, {{"slot", slot.name}}, static_cast<double>(*slot.retained_bytes));
    }
  });
  return dropped;
}

void write_lag(TextFormat& page, Services services) {
  page.family("mixed_state_replica_lag_seconds", kGauge,
              "How long ago the primary passed the position that the replica has applied; absent "
              "when unmeasurable.");
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    const auto& lag = node.view->lag;
    if (lag && lag->time) page.sample_joined(service.labels, node.label, seconds(*lag->time));
  });
  page.family("mixed_state_replica_lag_bytes", kGauge,
              "Bytes that the primary has written and the replica not applied; absent when "
              "unmeasurable.");
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    const auto& lag = node.view->lag;
    if (!lag || !lag->bytes) return;
    page.sample_joined(service.labels, node.label, static_cast<double>(*lag->bytes));
  });
  page.family("mixed_state_replication_link_up", kGauge,
              "Whether the replica receives from its upstream; absent when it cannot tell.");
  each_replicating(services, [&](const ServiceLabels& service, const NodeLabels& node) {
    const auto& up = node.view->link_up;
    if (up) page.sample_joined(service.labels, node.label, *up ? 1 : 0);
  });
}

bool has_replicas(const ServiceView& service) {
  return std::any_of(service.nodes.begin(), service.nodes.end(), [](const NodeView& node) {
    return node.role == Role::replica || node.lag.has_value();
  });
}

void write_service_lag(TextFormat& page, Services services, Duration position_interval) {
  page.family("mixed_state_replica_lag_resolution_seconds", kGauge,
              "How finely replica lag is measured: the time between two readings of positions.");
  for (const ServiceLabels& service : services) {
    if (position_interval > Duration::zero() && has_replicas(*service.view)) {
      page.sample(service.labels, {}, seconds(position_interval));
    }
  }
  page.family("mixed_state_replica_lag_samples_total", MetricType::counter,
              "Measurements of replica lag, by whether they were within the objective.");
  for (const ServiceLabels& service : services) {
    page.sample(service.labels, {{"within_objective", "true"}},
                static_cast<double>(service.view->lag_within));
    page.sample(service.labels, {{"within_objective", "false"}},
                static_cast<double>(service.view->lag_outside));
  }
}

}  // namespace

std::uint64_t write_replication(TextFormat& page, Services services, Duration position_interval) {
  write_lag(page, services);
  write_service_lag(page, services, position_interval);
  const std::uint64_t dropped = write_reported(page, services);
  return dropped + write_slots(page, services);
}

}  // namespace mse
