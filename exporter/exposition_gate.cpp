// Metrics of the gate: what it tells the caller whose deploy is the oldest open declared change.
#include <set>

#include "exporter/exposition_parts.h"
#include "exporter/gate.h"

namespace mse {

void write_gate(TextFormat& page, Services services) {
  std::vector<GateAnswer> answers;
  answers.reserve(services.size());
  page.family("mixed_state_gate_verdict", MetricType::gauge,
              "What the gate tells the oldest open declared change: 0 go, 1 unknown, 2 hold, 3 "
              "rollback.");
  for (const ServiceLabels& service : services) {
    // A page that is too old to be believed is not served.
    answers.push_back(gate(*service.view, oldest_caller(*service.view), {}));
    page.sample(service.labels, {}, static_cast<double>(answers.back().verdict));
  }
  page.family("mixed_state_gate_reason_info", MetricType::gauge, "Why the gate does not say go.");
  for (std::size_t i = 0; i < services.size(); ++i) {
    std::set<GateCode> codes;
    for (const GateReason& reason : answers[i].reasons) codes.insert(reason.code);
    for (const GateCode code : codes) page.sample(services[i].labels, {{"reason", name(code)}}, 1);
  }
}

}  // namespace mse
