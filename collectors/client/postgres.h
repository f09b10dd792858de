// An awaitable PostgreSQL connection: libpq without a blocking call, under one deadline and a byte
// budget.
#pragma once

#include <chrono>
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
  std::string user, database = "postgres";
  std::uint16_t port = 5432;  // where the address names none
  std::optional<Secret> password;
  std::optional<PostgresTls> tls;  // not said: off on loopback and unix sockets, else verify_full
  std::string ca_file, cert_file, key_file;  // no ca_file: the system's
  std::uint64_t reply_budget = 64U << 20U;   // bytes of one reply
  // The longest a statement may take on the server; less when the deadline is nearer.
  Duration statement_timeout = std::chrono::seconds(3);
};

// A result set as text; nothing where NULL.
struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// One connection, opened when first needed and kept; never more than one backend. Only the
// configuration decides where it goes and as whom: no environment variable, password or service
// file. By SET: statement_timeout (a little under the deadline), lock_timeout 200 ms, read-only, an
// empty search_path. Loop thread only; one query at a time; may be destroyed during one, which then
// fails.
//
// After a failure of a statement (permission, lock, unsupported, its timeout) the connection stays.
// When the server is silent at the deadline, the statement is cancelled on the server and the
// connection kept until its end is confirmed: the next query waits for that first, and fails with
// deadline while the backend is stuck, for a second backend would get stuck too. TCP keepalives and
// user timeout (at most 30 s) end the wait when the host is gone. After any other failure it is
// closed, and the next query opens another.
class PostgresClient {
 public:
  PostgresClient(PostgresSettings settings, std::string address, Environment& environment);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  // `sql` is one statement without parameters. Failure reasons: refused, unreachable, dns, tls,
  // auth, deadline, reset, protocol, too_large, permission, lock, in_recovery, overload (too many
  // clients), unsupported (undefined function, table or column), internal.
  asio::awaitable<Polled<Rows>> query(std::string sql, Mono deadline);

  bool connected() const;  // and no reply is still due
  // Transactions begun on the server since this client was made: our own traffic.
  std::uint64_t statements() const;
  int server_version() const;  // 150004; 0 while never connected

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace mse
