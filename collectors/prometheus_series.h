// Counters of a page, series by series: sums over series that come and go do not fall.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/prometheus_page.h"

namespace mse {

// A sum that is differenced takes a series that goes (a route that was deleted, a label that nobody
// uses any more) for a reset of all, and counts what is left once more. So each series goes on from
// where it stood when it falls, and stays when it goes. A series counts from 0 on the first page;
// one that comes later counts whole, for it has begun since. Once 10,000 have gone all begin anew.
// Pure.
class CounterSeries {
 public:
  using Counts = std::function<bool(std::string_view name)>;

  explicit CounterSeries(Counts counts) : counts_(std::move(counts)) {}

  // The samples of the next page, those of counters as told above; others as they are, and what is
  // no count.
  std::vector<PrometheusSample> settled(std::vector<PrometheusSample> samples);

 private:
  struct Series {
    PrometheusSample shown;  // as it was given away last
    double last = 0, offset = 0;
    bool here = false;
  };
  void settle(PrometheusSample& sample);

  Counts counts_;
  std::map<std::string, Series> series_;
  bool begun_ = false;
};

}  // namespace mse
