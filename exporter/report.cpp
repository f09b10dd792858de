// What failed inside a poll that as a whole did not.
#include "exporter/report.h"

namespace mse {

std::map<Reason, std::string> unread_dimensions(const Report& report) {
  std::map<Reason, std::string> out;
  for (const auto& [dimension, reading] : report.dimensions) {
    const auto* unknown = std::get_if<Unknown>(&reading.outcome);
    if (unknown == nullptr || unknown->reason == Reason::unsupported) continue;
    auto& names = out[unknown->reason];
    names += (names.empty() ? "" : ",") + dimension;
  }
  return out;
}

}  // namespace mse
