// Who may connect to a PostgreSQL server, from where and how: its pg_hba.conf.
#pragma once

#include "collectors/postgres_readings.h"

namespace mse {

// The rules of the file as the server parses it now (loaded or not yet). A part per rule, named by
// whom it matches ("host app all 10.0.0.0/255.0.0.0") and digesting method and options; a part
// "order", because the first match wins; a part "broken lines" with their number when there are
// any. File names, line numbers and the text of errors are no rule. Options that hold a secret
// (ldapbindpasswd, radiussecrets) go into the secret digest only. `hmac_key` as in Environment.
// Denied to pg_monitor: unknown{permission} until granted. Failure protocol.
Polled<State> parse_hba(Rows rows, const std::string& hmac_key);

PostgresConcern postgres_hba();

}  // namespace mse
