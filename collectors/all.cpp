// The table of collectors: one line each.
#include "collectors/postgres.h"
#include "exporter/collector.h"

namespace mse {

const std::vector<CollectorKind>& collector_kinds() {
  static const std::vector<CollectorKind> kinds{
      {"postgres", "PostgreSQL 12 to 17: schema, versions, settings, access, lag", make_postgres},
  };
  return kinds;
}

}  // namespace mse
