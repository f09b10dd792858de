// What an application's own metrics tell of M3 to M5 and M8.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/prometheus_page.h"
#include "exporter/report.h"

namespace mse {

// The contract: counters unless said otherwise.
//   events_processed_total{stream}, events_duplicate_total{stream}
//   schema_validations_total (all, or by result: ok | error), schema_errors_total
//   reconciliations_total{kind, result: success | failure, or requeue: neither},
//   reconciliation_processed_items_total{kind} and the gauges, by kind,
//   reconciliation_last_success_timestamp_seconds, reconciliation_duration_seconds (of the last),
//   reconciliation_pending_items, reconciliation_mismatched_items,
//   reconciliation_oldest_pending_seconds
//   authorization_decisions_total{decision: allow | deny}
// Words for good: ok, success, succeeded, valid, for bad: error, failure, failed, invalid; allowed
// and denied, requeue_after too. A measure with another word is not told at all, for nobody knows
// what it counts. Without the label the stream or kind is "default". Other labels are summed over
// (gauges of time: the worst).
extern const std::vector<std::string_view> kPrometheusContract;

// The measures in `samples`, in which a metric of the contract goes by the name that `names` has
// for it, else by its own. Nothing when none of them is there. Values that are no count are left
// out.
std::optional<Measures> contract_measures(const std::vector<PrometheusSample>& samples,
                                          const std::map<std::string, std::string>& names);

// A value as a count; nothing when it is negative, no number, or above 2^53.
std::optional<std::uint64_t> whole(double value);

}  // namespace mse
