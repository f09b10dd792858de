// An answer of the gate as the JSON that pipelines read, and as one line of text.
#pragma once

#include <string>

#include "exporter/gate.h"
#include "exporter/json_values.h"

namespace mse {

// Why it is not `go`: a list of objects.
Json reasons_json(const GateAnswer& answer);

// One object; `evaluated_at` of the snapshot, nothing when there is none. Pure.
std::string gate_json(const GateAnswer& answer, const std::string& service,
                      const GateQuestion& question, const std::optional<Wall>& evaluated_at);

// "hold: 1 node diverged in config … (pg-2). Cleared when: …", at most about 500 bytes, in UTF-8
// without control characters.
std::string gate_line(const GateAnswer& answer);

}  // namespace mse
