// The registry of our own metrics, and its way into our text format.
#include "exporter/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "exporter/text_format.h"

namespace mse {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::MetricFamily;

double value_of(const ClientMetric& metric, prometheus::MetricType type) {
  return type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

// The registry keeps samples in no order; a page has one.
std::vector<std::pair<std::string, double>> samples(const MetricFamily& family) {
  std::vector<std::pair<std::string, double>> sorted;
  for (const ClientMetric& metric : family.metric) {
    std::string labels;
    for (const auto& label : metric.label) append_labels(labels, {{label.name, label.value}});
    sorted.emplace_back(std::move(labels), value_of(metric, family.type));
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

void write(TextFormat& page, const MetricFamily& family) {
  const bool counter = family.type == prometheus::MetricType::Counter;
  page.family(family.name, counter ? MetricType::counter : MetricType::gauge, family.help);
  for (const auto& [labels, value] : samples(family)) page.sample(labels, {}, value);
}

void write(TextFormat& page, std::string_view name, MetricType type, std::string_view help,
           std::optional<double> value) {
  page.family(name, type, help);
  if (value) page.sample("", {}, *value);
}

void write(TextFormat& page, const ProcessStats& process) {
  write(page, "process_cpu_seconds_total", MetricType::counter,
        "User and system CPU time spent, in seconds.", process.cpu_seconds);
  write(page, "process_resident_memory_bytes", MetricType::gauge, "Resident memory, in bytes.",
        process.resident_bytes);
  write(page, "process_open_fds", MetricType::gauge, "Open file descriptors.", process.open_fds);
  write(page, "process_max_fds", MetricType::gauge, "The limit of open file descriptors.",
        process.max_fds);
  write(page, "process_start_time_seconds", MetricType::gauge,
        "When the process started, in seconds since the epoch.", process.start_time_seconds);
}

double seconds(Wall at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

}  // namespace

struct SelfMetrics::Registered {
  prometheus::Registry registry;
  Gauge* reload_successful = nullptr;
  Gauge* reload_time = nullptr;
  Counter* dropped = nullptr;
  Family<Counter>* answers = nullptr;
  Family<Counter>* storage = nullptr;
  Family<Counter>* notices = nullptr;

  Gauge& gauge(const std::string& name, const std::string& help,
               const prometheus::Labels& labels = {}) {
    return BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
  }
};

SelfMetrics::SelfMetrics(std::string_view version, const ExpositionSettings& settings)
    : registered_(std::make_unique<Registered>()) {
  Registered& all = *registered_;
  all.gauge("mixed_state_exporter_build_info", "The running version of mixed_state_exporter.",
            {{"version", std::string(version)}})
      .Set(1);
  all.gauge("mixed_state_exporter_shards", "How many shards the services are divided over.",
            {{"shard", settings.shard}})
      .Set(settings.shards);
  all.reload_successful = &all.gauge("mixed_state_config_last_reload_successful",
                                     "Whether the configuration was last read without an error.");
  all.reload_time = &all.gauge("mixed_state_config_last_reload_success_timestamp_seconds",
                               "When the configuration was last read without an error.");
  all.dropped = &BuildCounter()
                     .Name("mixed_state_series_dropped_total")
                     .Help("Series left out of a page because a node or service named too many.")
                     .Register(all.registry)
                     .Add({{"reason", "limit"}});
  all.storage = &BuildCounter()
                     .Name("mixed_state_storage_errors_total")
                     .Help("Times the history could not be read or written, by reason.")
                     .Register(all.registry);
  for (const StorageError error : kStorageErrors) {
    all.storage->Add({{"reason", std::string(name(error))}});
  }
  all.notices = &BuildCounter()
                     .Name("mixed_state_change_notices_total")
                     .Help("Notices of changes that the webhook took, or that were given up.")
                     .Register(all.registry);
  for (const char* result : {"failure", "success"}) all.notices->Add({{"result", result}});
  all.answers = &BuildCounter()
                     .Name("mixed_state_exporter_http_requests_total")
                     .Help("HTTP requests answered, by status code.")
                     .Register(all.registry);
  for (const char* code : {"200", "400", "401", "403", "404", "405", "408", "409", "413", "415",
                           "429", "431", "500", "503", "505"}) {
    all.answers->Add({{"code", code}});
  }
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::reloaded(bool successful, Wall at) {
  registered_->reload_successful->Set(successful ? 1 : 0);
  if (successful) registered_->reload_time->Set(seconds(at));
}

void SelfMetrics::dropped(std::uint64_t series) {
  registered_->dropped->Increment(static_cast<double>(series));
}

void SelfMetrics::storage_failed(StorageError error) {
  registered_->storage->Add({{"reason", std::string(name(error))}}).Increment();
}

void SelfMetrics::noticed(bool sent) {
  registered_->notices->Add({{"result", sent ? "success" : "failure"}}).Increment();
}

void SelfMetrics::answered(int status) {
  registered_->answers->Add({{"code", std::to_string(status)}}).Increment();
}

std::string SelfMetrics::text(const ProcessStats& process, Wall snapshot) const {
  TextFormat page;
  const std::vector<MetricFamily> families = registered_->registry.Collect();
  for (const MetricFamily& family : families) write(page, family);
  write(page, "mixed_state_snapshot_timestamp_seconds", MetricType::gauge,
        "When the newest snapshot was made.", seconds(snapshot));
  write(page, process);
  return page.take();
}

}  // namespace mse
