// How long the gate takes over a large fleet: the 99th percentile of whole answers, in
// milliseconds.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "exporter/gate_routes.h"
#include "exporter/status_routes.h"
#include "tests/bench/fleet.h"

namespace mse {
namespace {

using Answering = Answer (*)(const Request&, const std::shared_ptr<const Page>&, Mono);

std::shared_ptr<const Page> page_of(int nodes) {
  Fleet fleet(nodes);
  fleet.report(15);
  fleet.evaluate();
  fleet.report(15);
  const auto page = std::make_shared<Page>();
  page->snapshot = std::make_shared<const Snapshot>(fleet.snapshot());
  page->at = page->snapshot->at;
  return page;
}

void percentiles(benchmark::State& state, Answering answering, std::string_view query) {
  const auto page = page_of(static_cast<int>(state.range(0)));
  Request request;
  request.method = "GET";
  request.query = query;
  std::vector<double> took;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    bytes = answering(request, page, page->at).body->size();
    const auto end = std::chrono::steady_clock::now();
    took.push_back(std::chrono::duration<double, std::milli>(end - begin).count());
  }
  std::sort(took.begin(), took.end());
  state.counters["p50_ms"] = took[took.size() / 2];
  state.counters["p99_ms"] = took[took.size() * 99 / 100];
  state.counters["bytes"] = static_cast<double>(bytes);
}

void gate(benchmark::State& state) {
  percentiles(state, answer_gate, "service=fleet&deploy_id=d-1&target=2&dimension=config");
}

void status(benchmark::State& state) {
  percentiles(state, answer_status, "");
}

BENCHMARK(gate)->Arg(100)->Arg(10000)->Iterations(2000)->Unit(benchmark::kMicrosecond);
BENCHMARK(status)->Arg(100)->Arg(10000)->Iterations(200)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mse
