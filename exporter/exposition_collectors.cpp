// Metrics of collectors: whether they reach their nodes, how long polls take, and why they fail.
#include "exporter/exposition_parts.h"

namespace mse {
namespace {

constexpr auto kGauge = MetricType::gauge;

void write_reach(TextFormat& page, Services services) {
  page.family("mixed_state_collector_up", kGauge, "Whether the last poll of the node succeeded.");
  each_collector(services, [&](const CollectorLabels& collector) {
    for (const auto& node : collector.nodes) {
      page.sample_joined(collector.labels, node.label, node.view->up ? 1 : 0);
    }
  });
  page.family("mixed_state_collector_last_success_timestamp_seconds", kGauge,
              "When a poll of the node last succeeded; absent when none has.");
  each_collector(services, [&](const CollectorLabels& collector) {
    for (const auto& node : collector.nodes) {
      const auto& last = node.view->last_success;
      if (last) page.sample_joined(collector.labels, node.label, seconds(*last));
    }
  });
}

}  // namespace

void write_collectors(TextFormat& page, Services services) {
  write_reach(page, services);
  page.family("mixed_state_collector_errors_total", MetricType::counter,
              "Polls that failed, by reason.");
  each_collector(services, [&](const CollectorLabels& collector) {
    for (const Reason reason : kReasons) {
      const auto found = collector.view->errors.find(reason);
      const bool any = found != collector.view->errors.end();
      page.sample(collector.labels, {{"reason", name(reason)}},
                  any ? static_cast<double>(found->second) : 0);
    }
  });
  page.family("mixed_state_collector_duration_seconds", MetricType::histogram,
              "Time that polls took.");
  each_collector(services, [&](const CollectorLabels& collector) {
    page.histogram(collector.labels, collector.view->duration);
  });
  page.family("mixed_state_collector_interval_seconds", kGauge,
              "The time between two polls of a node.");
  each_collector(services, [&](const CollectorLabels& collector) {
    page.sample(collector.labels, {}, seconds(collector.view->interval));
  });
}

}  // namespace mse
