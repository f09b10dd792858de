// Offsets of series that fell, and series that are gone.
#include "collectors/prometheus_series.h"

#include <utility>

#include "collectors/prometheus_contract.h"

namespace mse {
namespace {

constexpr std::size_t kGone = 10'000;

std::string key_of(const PrometheusSample& sample) {
  std::string key = sample.name;
  for (const auto& [name, value] : sample.labels) {
    key += '\0';
    key += name;
    key += '\0';
    key += value;
  }
  return key;
}

}  // namespace

std::vector<PrometheusSample> CounterSeries::settled(std::vector<PrometheusSample> samples) {
  for (auto& [key, series] : series_) series.here = false;
  for (auto& sample : samples)
    if (counts_(sample.name) && whole(sample.value)) settle(sample);
  begun_ = true;
  std::size_t gone = 0;
  for (const auto& [key, series] : series_) {
    if (series.here) continue;
    samples.push_back(series.shown);
    ++gone;
  }
  if (gone > kGone) {
    series_.clear();
    begun_ = false;
  }
  return samples;
}

void CounterSeries::settle(PrometheusSample& sample) {
  const auto [at, is_new] = series_.try_emplace(key_of(sample));
  Series& series = at->second;
  if (is_new && !begun_) series.offset = -sample.value;
  if (!is_new && sample.value < series.last) series.offset += series.last;
  series.last = sample.value;
  series.here = true;
  sample.value += series.offset;
  series.shown = sample;
}

}  // namespace mse
