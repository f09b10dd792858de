// The table of collectors: one line each.
#include "exporter/collector.h"

namespace mse {

const std::vector<CollectorKind>& collector_kinds() {
  static const std::vector<CollectorKind> kKinds{};
  return kKinds;
}

}  // namespace mse
