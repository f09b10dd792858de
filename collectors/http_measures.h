// Numbers of an HTTP answer's JSON that are measures of M3 to M5 and M8.
#pragma once

#include <map>
#include <string>

#include "exporter/collector.h"
#include "exporter/options.h"
#include "exporter/report.h"

namespace mse {

// Where each number is: JSON pointers by kind or stream, and by the number's name.
struct HttpMeasures {
  using Pointers = std::map<std::string, std::string>;

  std::map<std::string, Pointers> reconciliation, duplicates;
  Pointers schema, authorization;

  bool empty() const {
    return reconciliation.empty() && duplicates.empty() && schema.empty() && authorization.empty();
  }
};

// measures: {reconciliation: {KIND: {succeeded, failed, processed_items, pending_items,
// mismatched_items, last_duration, oldest_pending (seconds), last_success (Unix seconds or RFC
// 3339)}}, duplicates: {STREAM: {events, duplicates}}, schema: {valid, errors}, authorization:
// {allowed, denied}}, each value a JSON pointer.
HttpMeasures read_http_measures(Options& options);

// What is there and is a number; all else is left out. Failure protocol: no JSON. Failure
// unsupported: none of the numbers is there. Pure.
Polled<Measures> measures_of(const HttpMeasures& wanted, const std::string& body);

}  // namespace mse
