// What the samples of a page say of a node.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "collectors/parts.h"
#include "collectors/prometheus.h"
#include "collectors/prometheus_contract.h"
#include "exporter/fingerprint.h"
#include "exporter/text.h"

namespace mse {

namespace {

using Samples = std::vector<PrometheusSample>;

constexpr std::size_t kText = 64, kDigest = 32, kNodes = 10'000;
constexpr std::string_view kBuildInfo = "_build_info", kConfigHash = "_config_hash";

// The Go runtime's is that of the main module, which programs leave at "(devel)".
bool is_build_info(std::string_view metric) {
  return metric.ends_with(kBuildInfo) && metric != "go_build_info";
}

bool tells_version(const PrometheusReading& reading, std::string_view metric) {
  if (!reading.reads_version) return false;
  return reading.version_metric.empty() ? is_build_info(metric) : metric == reading.version_metric;
}

bool tells_config(const PrometheusReading& reading, std::string_view metric) {
  if (!reading.reads_config) return false;
  return reading.config_metric.empty() ? metric.ends_with(kConfigHash)
                                       : metric == reading.config_metric;
}

std::string joined(const std::set<std::string>& all) {
  std::string text;
  for (const auto& each : all) text += (text.empty() ? "" : ", ") + each;
  return text;
}

std::string spelled(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? std::string(text.data(), end) : "";
}

// By metric the versions that its series name.
Reading version_of(const PrometheusReading& reading, const Samples& samples) {
  std::map<std::string, std::set<std::string>> told;
  for (const auto& sample : samples) {
    if (!tells_version(reading, sample.name) || sample.value == 0) continue;
    const auto version = sample.labels.find(reading.version_label);
    if (version != sample.labels.end() && !version->second.empty())
      told[sample.name].insert(version->second);
  }
  Reading out;
  out.outcome = Unknown{Reason::unsupported};
  if (told.empty()) return out;
  std::map<std::string, std::string> parts;
  std::set<std::string> versions;
  for (const auto& [metric, names] : told) {
    parts[metric] = sha256_hex(joined(names)).substr(0, kDigest);
    versions.insert(names.begin(), names.end());
  }
  auto state = state_of("prometheus_version/1", std::move(parts));
  state.text = repaired(joined(versions), kText);
  out.outcome = std::move(state);
  return out;
}

// The hash is the value, or a label of a series whose value is 1: both are compared.
Reading config_of(const PrometheusReading& reading, const Samples& samples) {
  Parts told;
  for (const auto& sample : samples) {
    if (!tells_config(reading, sample.name)) continue;
    std::vector<Cell> fields{spelled(sample.value)};
    for (const auto& [name, value] : sample.labels) fields.insert(fields.end(), {name, value});
    told.add(sample.name, fields);
  }
  Reading out;
  out.outcome = Unknown{Reason::unsupported};
  if (told.size() > 0) out.outcome = state_of("prometheus_config/1", told.digests());
  return out;
}

bool matches(const PrometheusSample& sample, const PrometheusRequests& requests) {
  return sample.name == requests.metric &&
         std::all_of(requests.match.begin(), requests.match.end(), [&](const auto& wanted) {
           const auto found = sample.labels.find(wanted.first);
           return found != sample.labels.end() && found->second == wanted.second;
         });
}

// By what `node_label` says; without one all of them, under no name.
std::map<std::string, double> requests_by_node(const PrometheusRequests& requests,
                                               const Samples& samples) {
  std::map<std::string, double> sums;
  for (const auto& sample : samples) {
    if (!matches(sample, requests) || !std::isfinite(sample.value)) continue;
    const auto node = sample.labels.find(requests.node_label);
    if (requests.node_label.empty())
      sums[""] += sample.value;
    else if (node != sample.labels.end())
      sums[repaired(node->second)] += sample.value;
  }
  return sums;
}

void count_requests(const PrometheusRequests& requests, const Samples& samples, Report& report) {
  const auto sums = requests_by_node(requests, samples);
  if (requests.node_label.empty() || !requests.from.empty()) {
    const auto own = sums.find(requests.node);
    if (own != sums.end()) report.requests = whole(own->second);
    return;
  }
  for (const auto& [node, count] : sums) {
    const auto number = whole(count);
    if (number && report.requests_of.size() < kNodes) report.requests_of[node] = *number;
  }
}

}  // namespace

bool is_wanted(const PrometheusReading& reading, std::string_view metric) {
  if (reading.requests && metric == reading.requests->metric) return true;
  if (reading.reads_edge()) return false;
  if (tells_version(reading, metric) || tells_config(reading, metric)) return true;
  const bool ours = std::find(kPrometheusContract.begin(), kPrometheusContract.end(), metric) !=
                    kPrometheusContract.end();
  return ours || std::any_of(reading.mapping.begin(), reading.mapping.end(),
                             [&](const auto& mapped) { return mapped.second == metric; });
}

bool is_counter(const PrometheusReading& reading, std::string_view metric) {
  if (reading.requests && metric == reading.requests->metric) return true;
  return std::any_of(kPrometheusContract.begin(), kPrometheusContract.end(), [&](auto name) {
    const auto mapped = reading.mapping.find(std::string(name));
    return name.ends_with("_total") &&
           metric == (mapped == reading.mapping.end() ? name : std::string_view(mapped->second));
  });
}

Report prometheus_report(const PrometheusReading& reading, const Samples& samples) {
  Report report;
  if (reading.reads_version) report.dimensions["software_version"] = version_of(reading, samples);
  if (reading.reads_config) report.dimensions["config"] = config_of(reading, samples);
  if (reading.requests) count_requests(*reading.requests, samples, report);
  report.measures = contract_measures(samples, reading.mapping);
  return report;
}

}  // namespace mse
