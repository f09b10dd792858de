// The PostgreSQL collector: its settings, and the table of what it reads.
#pragma once

#include <memory>
#include <string>

#include "collectors/postgres_readings.h"
#include "exporter/collector.h"

namespace mse {

// The settings of one `collect: - postgres:` entry:
//   user (mixed_state), password or password_file, database (postgres), port (5432, where the
//   address names none), statement_timeout (3s), and tls: {mode: off | verify-ca | verify-full,
//   ca_file, cert_file, key_file}; without a mode off on loopback and unix sockets, else
//   verify-full.
PostgresSettings postgres_settings(Options& options);

// Names the connection that `settings` make, the password and the rest as a digest: may be shown.
std::string postgres_connection_key(const PostgresSettings& settings);

// Its errors are those of options.finish().
Result<std::unique_ptr<Collector>> make_postgres(Options options);

}  // namespace mse
