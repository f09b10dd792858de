// Asks a PostgreSQL server to end the statement a connection is running, without waiting.
#pragma once

#include <libpq-fe.h>

namespace mse {

// At most this many requests are under way in the process; while they are, further ones are not
// sent: statement_timeout ends those statements.
constexpr int kConcurrentCancels = 4;

// libpq 15 has only PQcancel, which blocks (while it connects, and until the server hangs up), and
// does not tell the key that a request of our own would need: so it runs on a thread of its own,
// which keeps nothing of `connection`. False: not sent.
bool cancel_in_background(PGconn* connection);

}  // namespace mse
