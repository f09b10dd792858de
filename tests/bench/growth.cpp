// How evaluating, rendering and compressing grow with the fleet.
#include <benchmark/benchmark.h>

#include "exporter/exposition.h"
#include "exporter/page.h"
#include "tests/bench/fleet.h"

namespace mse {
namespace {

void count_nodes(benchmark::State& state) {
  state.SetComplexityN(state.range(0));
}

Fleet reported(const benchmark::State& state) {
  Fleet fleet(static_cast<int>(state.range(0)));
  fleet.report(15);
  fleet.evaluate();
  fleet.report(15);
  return fleet;
}

std::string rendered(const benchmark::State& state) {
  ExpositionSettings settings;
  settings.per_node = PerNode::all;
  return render_services(reported(state).snapshot(), settings).text;
}

void evaluate(benchmark::State& state) {
  Fleet fleet = reported(state);
  for (auto _ : state) benchmark::DoNotOptimize(fleet.evaluate());
  count_nodes(state);
}

void render(benchmark::State& state) {
  const Snapshot snapshot = reported(state).snapshot();
  ExpositionSettings settings;
  settings.per_node = PerNode::all;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = render_services(snapshot, settings).text.size();
  state.counters["bytes"] = static_cast<double>(bytes);
  count_nodes(state);
}

void compress(benchmark::State& state) {
  const std::string page = rendered(state);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = gzip(page).size();
  state.counters["bytes"] = static_cast<double>(bytes);
  count_nodes(state);
}

void fleets(benchmark::internal::Benchmark* bench) {
  bench->RangeMultiplier(10)->Range(10, 10000)->Complexity()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(evaluate)->Apply(fleets);
BENCHMARK(render)->Apply(fleets);
BENCHMARK(compress)->Apply(fleets);

}  // namespace
}  // namespace mse
