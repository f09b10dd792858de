// The prometheus collector: what a node's own /metrics page tells of its version, config and
// traffic.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/client/http.h"
#include "collectors/prometheus_page.h"
#include "exporter/collector.h"

namespace mse {

// Traffic on a page: the sum over a counter's series whose labels are `match`.
struct PrometheusRequests {
  std::string metric;
  std::map<std::string, std::string> match;
  std::string node_label;  // not empty: the traffic of the nodes that this label names
  std::string from, node;  // with node_label: at this address, the traffic of this node alone
};

struct PrometheusReading {
  HttpSettings connection;
  std::string path = "/metrics";
  bool reads_version = false, reads_config = false;
  std::string version_metric, version_label;  // metric empty: any *_build_info but go_build_info
  std::string config_metric;                  // empty: any *_config_hash
  std::optional<PrometheusRequests> requests;
  std::map<std::string, std::string> mapping;  // names of the contract → the page's

  bool reads_edge() const { return requests && !requests->from.empty(); }
};

// The settings of one `collect: - prometheus:` entry, beside those of read_http_settings():
//   path (/metrics), version: METRIC or METRIC{label} (label "version") → software_version,
//   config: METRIC → config, requests: METRIC or {metric, match: {label: value}, node_label, from},
//   mapping: {NAME OF THE CONTRACT: METRIC} (prometheus_contract.h).
// `from` is an edge's address, in an entry of its own: its page is read for each node, of nothing
// but that node's traffic.
// Where none of version, config, requests and mapping is there, the version comes from any
// *_build_info, the config from any *_config_hash.
PrometheusReading prometheus_reading(Options& options);

// Whether a page's metric is of any use to `reading`. Pure.
bool is_wanted(const PrometheusReading& reading, std::string_view metric);
// Whether it is read as a counter.
bool is_counter(const PrometheusReading& reading, std::string_view metric);

// What a page says of a node. A dimension that the page says nothing of is Unknown unsupported; a
// counter that is not there is left out. Parts are named by metric, so that each of two components
// on a page has its own. Pure.
Report prometheus_report(const PrometheusReading& reading,
                         const std::vector<PrometheusSample>& samples);

// Its errors are those of options.finish().
Result<std::unique_ptr<Collector>> make_prometheus(Options options);

}  // namespace mse
