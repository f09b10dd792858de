// The table of collectors: one line each.
#include "collectors/file.h"
#include "collectors/http.h"
#include "collectors/postgres.h"
#include "collectors/prometheus.h"
#include "collectors/query.h"
#include "collectors/redis.h"
#include "exporter/collector.h"

namespace mse {

const std::vector<CollectorKind>& collector_kinds() {
  static const std::vector<CollectorKind> kinds{
      {"file", "configuration files: YAML, JSON, ini, properties, env, text", make_file},
      {"http", "HTTP endpoints: a status, header, JSON value or body as a state", make_http},
      {"postgres", "PostgreSQL 12 to 17: schema, versions, settings, access, lag", make_postgres},
      {"prometheus", "a node's own /metrics: version, config, traffic, measures", make_prometheus},
      {"query", "a read-only PostgreSQL query: a state, or counts of jobs and events", make_query},
      {"redis", "Redis 6 to 7, Valkey: settings, access, versions, lag", make_redis},
  };
  return kinds;
}

}  // namespace mse
