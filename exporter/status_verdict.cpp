// Nobody's deploy: unknown before hold before go.
#include "exporter/status_verdict.h"

#include <algorithm>

namespace mse {
namespace {

bool counts(const DimensionView& view) {
  return view.enforce == Enforce::page && !view.unsupported;
}

int at(const DimensionView& view, Status status) {
  return view.nodes.at(static_cast<std::size_t>(status));
}

std::vector<std::string> blind(const ServiceView& service) {
  std::vector<std::string> reasons;
  if (service.nodes.empty()) reasons.emplace_back("The service has no nodes.");
  for (const auto& [name, view] : service.dimensions) {
    if (!counts(view)) continue;
    const bool missing =
        std::any_of(view.canonical.begin(), view.canonical.end(),
                    [](const auto& entry) { return entry.second.missing.has_value(); });
    if (missing) reasons.push_back(name + " has no canonical state.");
    if (at(view, Status::unknown) > service.tolerated_unknown) {
      reasons.push_back(name + " is unknown on " + std::to_string(at(view, Status::unknown)) +
                        " nodes.");
    }
  }
  return reasons;
}

std::vector<std::string> diverging(const ServiceView& service) {
  std::vector<std::string> reasons;
  for (const auto& [name, view] : service.dimensions) {
    const int fresh = at(view, Status::divergent) - view.preexisting_nodes;
    if (counts(view) && fresh > 0)
      reasons.push_back(name + " is divergent on " + std::to_string(fresh) + " nodes.");
  }
  return reasons;
}

}  // namespace

Judged judged(const ServiceView& service, bool stale) {
  if (stale) return {Verdict::unknown, {"The snapshot is too old."}};
  if (auto reasons = blind(service); !reasons.empty()) return {Verdict::unknown, reasons};
  if (auto reasons = diverging(service); !reasons.empty()) return {Verdict::hold, reasons};
  return {Verdict::go, {}};
}

}  // namespace mse
