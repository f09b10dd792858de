// CPU time a scrape costs: our server against prometheus-cpp's Exposer, the same series in the same
// run, over loopback, compressed.
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "exporter/exposition.h"
#include "exporter/server.h"
#include "tests/bench/fleet.h"
#include "tests/support/exposition_reader.h"
#include "tests/support/gunzip.h"
#include "tests/support/http_client.h"

namespace mse {
namespace {

constexpr int kRounds = 11;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Gives the same series as our page, each of the same name and labels' bytes: prometheus-cpp's
// cheapest way in, without a registry.
class SameSeries : public prometheus::Collectable {
 public:
  explicit SameSeries(const ReadPage& page) {
    std::map<std::string, prometheus::MetricFamily> families;
    for (const auto& [series, value] : page.series) add(families, series, value);
    for (auto& [name, family] : families) families_.push_back(std::move(family));
  }

  std::vector<prometheus::MetricFamily> Collect() const override { return families_; }

 private:
  static void add(std::map<std::string, prometheus::MetricFamily>& families,
                  const std::string& series, double value) {
    const std::size_t brace = std::min(series.find('{'), series.size());
    prometheus::MetricFamily& family = families[series.substr(0, brace)];
    family.name = series.substr(0, brace);
    family.help = "The same series.";
    family.type = prometheus::MetricType::Gauge;
    prometheus::ClientMetric metric;
    metric.gauge.value = value;
    for (std::size_t at = brace + 1; at < series.size();) {
      const std::size_t equals = series.find("=\"", at);
      const std::size_t end = series.find('"', equals + 2);
      metric.label.push_back(
          {series.substr(at, equals - at), series.substr(equals + 2, end - equals - 2)});
      at = end + 2;
    }
    family.metric.push_back(std::move(metric));
  }

  std::vector<prometheus::MetricFamily> families_;
};

// What the scraping process does: `scrapes` times, checking that the page is whole.
int scrape(int port, int scrapes, std::size_t least_bytes) {
  for (int i = 0; i < scrapes; ++i) {
    const Response response =
        request(port, "GET", "/metrics", "Accept-Encoding: gzip\r\nConnection: close\r\n");
    if (response.status != 200 || gunzip(response.body).size() < least_bytes) return 1;
  }
  return 0;
}

// Our CPU time for one scrape by another process, in seconds.
double cost(int port, int scrapes, std::size_t least_bytes) {
  const double before = cpu_seconds();
  const std::string arguments[]{std::to_string(port), std::to_string(scrapes),
                                std::to_string(least_bytes)};
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "bench_scrape", arguments[0].c_str(), arguments[1].c_str(),
          arguments[2].c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("a scrape failed");
  return (cpu_seconds() - before) / scrapes;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(int nodes, int scrapes) {
  Fleet fleet(nodes);
  fleet.report(15);
  fleet.evaluate();
  fleet.report(15);
  Snapshot snapshot = fleet.snapshot();
  snapshot.at = std::chrono::steady_clock::now();
  snapshot.stale_after = std::chrono::hours(1);
  ExpositionSettings settings;
  settings.per_node = PerNode::all;
  SelfMetrics self("bench", settings);
  const auto page = make_page(std::make_shared<const Snapshot>(snapshot), settings, self, {});

  ServerSettings server_settings;
  server_settings.listen_address = "127.0.0.1:0";
  const auto ours = Server::start(server_settings).value();
  ours->publish(page);

  const ReadPage read = read_exposition(page->metrics);
  if (!read.error.empty()) throw std::runtime_error(read.error);
  const auto same = std::make_shared<SameSeries>(read);
  prometheus::Exposer theirs("127.0.0.1:0");
  theirs.RegisterCollectable(same);
  const int their_port = theirs.GetListeningPorts().at(0);

  const std::size_t least_bytes = page->metrics.size() / 2;
  std::vector<double> our_costs, their_costs, ratios;
  for (int round = 0; round < kRounds; ++round) {
    our_costs.push_back(cost(ours->port(), scrapes, least_bytes));
    their_costs.push_back(cost(their_port, scrapes, least_bytes));
    ratios.push_back(our_costs.back() / their_costs.back());
  }
  std::cout << "scrape nodes=" << nodes << " series=" << read.series.size()
            << " ours_ms=" << median(our_costs) * 1e3 << " exposer_ms=" << median(their_costs) * 1e3
            << " ratio=" << median(ratios) << "\n";
}

}  // namespace
}  // namespace mse

int main(int count, char** arguments) {
  if (count == 4) {
    return mse::scrape(std::atoi(arguments[1]), std::atoi(arguments[2]),
                       static_cast<std::size_t>(std::atol(arguments[3])));
  }
  mse::compare(100, 100);
  mse::compare(1000, 20);
  mse::compare(10000, 3);
}
