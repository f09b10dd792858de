// May a rollout of a service go on: what the status page says first.
#pragma once

#include <string>
#include <vector>

#include "exporter/snapshot.h"

namespace mse {

enum class Verdict { go = 0, unknown = 1, hold = 2, rollback = 3 };

struct Judged {
  Verdict verdict = Verdict::unknown;
  std::vector<std::string> reasons;  // sentences; none of `go`
};

Judged judged(const ServiceView& service, bool stale);

}  // namespace mse
