// How evaluating, rendering and compressing grow with the fleet: warm, over and over, and cold, as
// in production, where the work of many polls comes between two evaluations.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "exporter/exposition.h"
#include "exporter/page.h"
#include "tests/bench/fleet.h"

namespace mse {
namespace {

constexpr std::int64_t kWarm = 0, kCold = 1;

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

// Reads more than any cache holds, untimed, when the run is a cold one.
class Between {
 public:
  explicit Between(benchmark::State& state)
      : state_(state), other_(state.range(1) == kCold ? kMoreThanACache : 0) {}
  void rest() {
    if (other_.empty()) return;
    state_.PauseTiming();
    for (std::size_t i = 0; i < other_.size(); i += kLine) ++other_[i];
    benchmark::ClobberMemory();
    state_.ResumeTiming();
  }

 private:
  static constexpr std::size_t kMoreThanACache = std::size_t{128} << 20U, kLine = 64;

  benchmark::State& state_;
  std::vector<char> other_;
};

void evaluate(benchmark::State& state) {
  Fleet fleet = reported(state);
  Between between(state);
  for (auto _ : state) {
    between.rest();
    benchmark::DoNotOptimize(fleet.evaluate());
  }
}

void render(benchmark::State& state) {
  const Snapshot snapshot = reported(state).snapshot();
  ExpositionSettings settings;
  settings.per_node = PerNode::all;
  Between between(state);
  std::size_t bytes = 0;
  for (auto _ : state) {
    between.rest();
    bytes = render_services(snapshot, settings).text.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void compress(benchmark::State& state) {
  const std::string page = rendered(state);
  Between between(state);
  std::size_t bytes = 0;
  for (auto _ : state) {
    between.rest();
    bytes = gzip(page).size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void fleets(benchmark::internal::Benchmark* bench) {
  bench->ArgsProduct({{10, 100, 1000, 10000}, {kWarm, kCold}})->Unit(benchmark::kMicrosecond);
}

BENCHMARK(evaluate)->Apply(fleets);
BENCHMARK(render)->Apply(fleets);
BENCHMARK(compress)->Apply(fleets);

}  // namespace
}  // namespace mse
