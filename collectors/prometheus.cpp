// Reads the settings of Prometheus pages, and the pages.
#include "collectors/prometheus.h"

#include <algorithm>
#include <utility>

#include "collectors/client/http_errors.h"
#include "collectors/http_settings.h"
#include "collectors/node_session.h"
#include "collectors/prometheus_contract.h"
#include "collectors/prometheus_series.h"
#include "exporter/fingerprint.h"
#include "exporter/node_text.h"

namespace mse {

namespace {

using Shape = Options::Shape;

constexpr std::uint64_t kPageBudget = 32U << 20U;
constexpr int kRedirects = 3;

bool is_name(std::string_view text, bool colons) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !text.empty() && text.size() <= 256 && (text.front() < '0' || text.front() > '9') &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return kLetters.find(c) != std::string_view::npos || (colons && c == ':');
         });
}

std::string read_metric(Options& options, std::string_view key) {
  const auto name = options.text(key).value_or("");
  if (options.shape(key) != Shape::missing && !is_name(name, true))
    options.wrong(key, "a metric's name");
  return name;
}

void read_version(Options& options, PrometheusReading& reading) {
  reading.version_label = "version";
  const auto text = options.text("version");
  if (!text) return;
  reading.reads_version = true;
  const auto brace = std::min(text->find('{'), text->size());
  reading.version_metric = text->substr(0, brace);
  if (brace < text->size() && text->back() == '}')
    reading.version_label = text->substr(brace + 1, text->size() - brace - 2);
  const bool closed = brace == text->size() || text->back() == '}';
  if (!closed || !is_name(reading.version_metric, true) || !is_name(reading.version_label, false))
    options.wrong("version", "a metric's name or metric{label}, such as app_build_info{version}");
}

void check_edge(Options& map, const PrometheusRequests& requests) {
  if (!is_address(requests.from)) map.wrong("from", "the address of an edge, host or host:port");
  if (requests.node_label.empty())
    map.wrong("node_label", "the label that names the nodes whose traffic it is");
}

void read_requests(Options& options, PrometheusReading& reading) {
  if (options.shape("requests") == Shape::missing) {
    options.text("requests");  // so that the key is known
    return;
  }
  auto& requests = reading.requests.emplace();
  if (options.shape("requests") != Shape::map) {
    requests.metric = read_metric(options, "requests");
    return;
  }
  auto map = options.map("requests");
  requests.metric = read_metric(*map, "metric");
  if (requests.metric.empty()) map->wrong("metric", "the name of a counter of requests");
  requests.node_label = map->text("node_label").value_or("");
  if (map->shape("node_label") != Shape::missing && !is_name(requests.node_label, false))
    map->wrong("node_label", "a label's name");
  requests.from = map->text("from").value_or("");
  if (map->shape("from") != Shape::missing) {
    requests.node = options.node().name;
    check_edge(*map, requests);
  }
  auto match = map->map("match");
  if (!match) return;
  for (const auto& label : match->keys()) {
    requests.match[label] = match->text(label).value_or("");
    if (!is_name(label, false)) match->wrong(label, "a label's name");
  }
}

void read_mapping(Options& options, PrometheusReading& reading) {
  auto map = options.map("mapping");
  if (!map) return;
  for (const auto name : kPrometheusContract) {
    const auto metric = read_metric(*map, name);
    if (!metric.empty()) reading.mapping[std::string(name)] = metric;
  }
}

// What is read of a page while it comes.
PrometheusPage page_for(const std::shared_ptr<const PrometheusReading>& reading) {
  return PrometheusPage([reading](std::string_view metric) { return is_wanted(*reading, metric); });
}

Report without_page(const PrometheusReading& reading) {
  Report report;
  if (reading.reads_version)
    report.dimensions["software_version"].outcome = Unknown{Reason::unsupported};
  if (reading.reads_config) report.dimensions["config"].outcome = Unknown{Reason::unsupported};
  return report;
}

struct Node {
  std::shared_ptr<const PrometheusReading> reading;
  std::unique_ptr<HttpClient> client;
  CounterSeries counters;

  void close() { client.reset(); }
};

asio::awaitable<Polled<Report>> read(std::shared_ptr<Node> node, Depth /*depth*/, Mono deadline) {
  if (!node->client) co_return closed_meanwhile();
  const auto reading = node->reading;
  const auto page = std::make_shared<PrometheusPage>(page_for(reading));
  HttpRequest request;
  request.path = reading->path;
  request.accept = "text/plain;version=0.0.4, */*;q=0.1";
  request.redirects = kRedirects;
  request.body_budget = kPageBudget;
  request.take = [page](std::string_view bytes) { return page->feed(bytes); };
  auto answer = co_await node->client->ask(std::move(request), deadline);
  // What the page refused ended the request as too much; what ended it otherwise cut the page.
  if (!answer && !page->refused()) co_return tl::unexpected(std::move(answer.error()));
  auto samples = page->finish();
  if (!samples) co_return tl::unexpected(std::move(samples.error()));
  if (answer->status >= 200 && answer->status < 300)
    co_return prometheus_report(*reading, node->counters.settled(*std::move(samples)));
  auto failure = status_failure(answer->status);
  const bool reads = reading->reads_version || reading->reads_config;
  if (failure.reason == Reason::unsupported && reads) co_return without_page(*reading);
  co_return tl::unexpected(std::move(failure));
}

class PrometheusCollector : public Collector {
 public:
  explicit PrometheusCollector(PrometheusReading reading)
      : reading_(std::make_shared<const PrometheusReading>(std::move(reading))) {}

  std::vector<std::string> dimensions() const override {
    std::vector<std::string> all;
    if (reading_->reads_config) all.emplace_back("config");
    if (reading_->reads_version) all.emplace_back("software_version");
    return all;
  }
  std::vector<std::string> deep_dimensions() const override { return {}; }
  bool has_positions() const override { return false; }
  bool needs_address() const override { return !reading_->reads_edge(); }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override {
    const auto counts = [reading = reading_](auto metric) { return is_counter(*reading, metric); };
    if (reading_->reads_edge()) address = reading_->requests->from;
    auto client =
        std::make_unique<HttpClient>(reading_->connection, std::move(address), environment);
    auto node = std::make_shared<Node>(reading_, std::move(client), CounterSeries(counts));
    return std::make_unique<NodeSession<Node>>(std::move(node), &read);
  }
  std::string grants() const override {
    return "-- HTTP: let the exporter request " + reading_->path + "\n";
  }
  std::string connection_key() const override;
  std::string measured() const override;

 private:
  std::shared_ptr<const PrometheusReading> reading_;
};

// The contract is read of every page, but of an edge's.
std::string PrometheusCollector::measured() const {
  if (reading_->reads_edge()) return "";
  return reading_->path + "/" +
         std::to_string(fingerprint("prometheus_page/1", key_fields(reading_->connection)));
}

// All settings as a digest: what is read of a page belongs to the session.
std::string PrometheusCollector::connection_key() const {
  const auto& reading = *reading_;
  auto fields = key_fields(reading.connection);
  fields["path"] = reading.path;
  fields["version"] = (reading.reads_version ? "=" : "") + reading.version_metric + "{" +
                      reading.version_label + "}";
  fields["config"] = (reading.reads_config ? "=" : "") + reading.config_metric;
  if (reading.requests) {
    const auto& requests = *reading.requests;
    fields["requests"] = requests.metric + "/" + requests.node_label + "/" + requests.from;
    fields["node"] = requests.node;
    for (const auto& [label, value] : requests.match) fields["match " + label] = value;
  }
  for (const auto& [name, metric] : reading.mapping) fields["mapping " + name] = metric;
  return reading.path + "/" + std::to_string(fingerprint("prometheus_connection/1", fields));
}

}  // namespace

PrometheusReading prometheus_reading(Options& options) {
  PrometheusReading reading;
  reading.connection = read_http_settings(options);
  reading.path = read_http_path(options, "path", reading.path);
  read_version(options, reading);
  reading.config_metric = read_metric(options, "config");
  reading.reads_config = !reading.config_metric.empty();
  read_requests(options, reading);
  read_mapping(options, reading);
  const bool all = !reading.reads_version && !reading.reads_config && !reading.requests &&
                   reading.mapping.empty();
  if (reading.reads_edge() &&
      (reading.reads_version || reading.reads_config || !reading.mapping.empty()))
    options.wrong("requests", "an entry of its own, as `from` is another page than the node's");
  if (all) reading.reads_version = reading.reads_config = true;
  return reading;
}

Result<std::unique_ptr<Collector>> make_prometheus(Options options) {
  auto reading = prometheus_reading(options);
  if (auto right = options.finish(); !right) return tl::unexpected(std::move(right.error()));
  return std::make_unique<PrometheusCollector>(std::move(reading));
}

}  // namespace mse
