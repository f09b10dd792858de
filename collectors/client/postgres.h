// An awaitable PostgreSQL connection: libpq without a blocking call, under one deadline and a byte
// budget.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/collector.h"
#include "exporter/options.h"

namespace mse {

enum class PostgresTls { off, verify_ca, verify_full };

struct PostgresSettings {
  std::string user, database;
  std::optional<Secret> password;
  PostgresTls tls = PostgresTls::verify_full;  // the default is off on loopback and unix sockets
  std::string ca_file, cert_file, key_file;
  std::uint64_t reply_budget = 64U << 20U;  // bytes of one reply, counted before they are buffered
};

// A result set as text; nothing where NULL.
struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// One connection, opened when first needed and kept. After a failure of the connection it is
// closed, and the next query opens another; after a failure of a statement (permission, lock) it
// stays. On a deadline the statement is cancelled on the server, then the connection closed: never
// more than one backend. Sets statement_timeout, lock_timeout 200 ms, read-only, application_name
// mixed_state_exporter and an empty search_path by SET. Loop thread only; one query at a time.
class PostgresClient {
 public:
  PostgresClient(PostgresSettings settings, std::string address, Environment& environment);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  // `sql` is one statement without parameters. Failure reasons: refused, unreachable, dns, tls,
  // auth, deadline, reset, protocol, too_large, permission, lock, overload (too many clients),
  // unsupported (undefined function, table or column), internal.
  asio::awaitable<Polled<Rows>> query(std::string sql, Mono deadline);

  bool connected() const;
  std::uint64_t statements() const;  // sent since this client was made: our own traffic
  int server_version() const;        // 150004; 0 while never connected

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace mse
