// What the PostgreSQL collector reads of a node: one concern a file, and how its session runs them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "collectors/client/postgres.h"
#include "exporter/collector.h"
#include "exporter/report.h"

namespace mse {

class PostgresTraffic;

// What a concern may use during one poll. Made by the session, which outlives the concern's
// coroutine.
struct PostgresReader {
  // The rows of `select`: one SELECT (or WITH … SELECT) without a final `;`, its columns named and
  // distinct. It is sent inside a statement that also takes the server's identity and position, so
  // that both are of the data. Keeps no order of rows. Failure identity_changed: another server
  // (or another role, or history) answered than before in this poll.
  std::function<asio::awaitable<Polled<Rows>>(std::string select)> rows;
  int server_version = 0;  // 150004
  Role role = Role::none;  // of the server, since the start of this poll
  std::string hmac_key;    // of this process, for digests of secrets
  // Sent by this session so far, on all its connections: no traffic of the service's.
  std::uint64_t own_statements = 0;
  PostgresTraffic* traffic = nullptr;  // the session's memory of the counter between polls
};

// One concern: some dimensions, or what is only shown, and how they are read. `read` gives the part
// of the report it is about: its dimensions' outcomes (the session fills in `replicated` and the
// position), requests, migrations or downstreams; never the identity. Its Failure costs these
// dimensions only: they become unknown with that reason, and so does one that it left out
// (internal).
struct PostgresConcern {
  std::vector<std::string> dimensions;
  Depth depth = Depth::narrow;  // deep: read by deep polls only
  bool replicated = false;      // travels with the data, so that lag can be told from drift
  asio::awaitable<Polled<Report>> (*read)(PostgresReader* reader) = nullptr;
  // The least privilege for it as SQL statements on lines of their own; running them again changes
  // nothing. `role` is a quoted identifier, `database` too.
  std::string (*grants)(const std::string& role, const std::string& database) = nullptr;
};

// The table, in the order they are read; collectors/postgres.cpp. Each concern is made by a
// function `PostgresConcern postgres_<concern>()` in collectors/postgres_<concern>.h.
const std::vector<PostgresConcern>& postgres_concerns();

}  // namespace mse
