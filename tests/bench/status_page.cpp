// What the status page of a large fleet costs: milliseconds and bytes, for each view.
#include <benchmark/benchmark.h>

#include "exporter/status_page.h"
#include "tests/support/mixed_snapshot.h"

namespace mse {
namespace {

void show(benchmark::State& state, const char* query, Status status) {
  const Snapshot fleet = wide_snapshot(10000, status);
  const StatusQuestion question = parse_status_question(query).value();
  const StatusMoment moment{&fleet, std::nullopt, fleet.at, "/metrics", "bench"};
  std::size_t bytes = 0;
  for (auto _ : state) bytes = status_page(question, moment).html.size();
  state.counters["bytes"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(show, services, "", Status::divergent)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(show, healthy, "service=fleet", Status::canonical)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(show, divergent, "service=fleet", Status::divergent)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(show, unknown, "service=fleet", Status::unknown)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(show, node, "service=fleet&node=node-7777", Status::divergent)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mse
