// The Redis collector: its settings, and what it reads.
#pragma once

#include <memory>

#include "collectors/redis_session.h"
#include "exporter/collector.h"

namespace mse {

// The settings of one `collect: - redis:` entry:
//   user (none: the default user), password or password_file, port (6379, where the address names
//   none), and tls: {mode: off | verify-ca | verify-full, ca_file, cert_file, key_file}; without a
//   mode off on loopback and unix sockets, else verify-full;
//   settings: the names or glob patterns that CONFIG is asked for, at most 100; all where it is
//   left out, of which masterauth and requirepass cross the wire as they are.
RedisReading redis_reading(Options& options);

// Its errors are those of options.finish().
Result<std::unique_ptr<Collector>> make_redis(Options options);

}  // namespace mse
