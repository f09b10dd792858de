// What libpq is told: every parameter, so that nothing comes from the environment or from files in
// a home directory.
#pragma once

#include <map>
#include <string>

#include "collectors/client/address.h"
#include "collectors/client/postgres.h"

namespace mse {

// The parameters of a connection to `address`; `ip` is where its host resolved to (empty for a unix
// socket).
std::map<std::string, std::string> postgres_parameters(const PostgresSettings& settings,
                                                       const Address& address,
                                                       const std::string& ip, bool loopback);

// Takes out of the process's environment what libpq reads there and no parameter can overrule:
// PGSERVICE, PGTZ, PGDATESTYLE, PGGEQO. Before there are threads that read the environment.
void forget_postgres_environment();

// Those parameters as a connection string for the libpq that is loaded: without the ones it does
// not know, and with the ones we did not name at their built-in value wherever the environment says
// otherwise. The first call forgets the environment as above.
std::string connection_string(const std::map<std::string, std::string>& parameters);

// The statements that prepare a new session. By SET, so that pg_settings.reset_val keeps what the
// server itself has.
std::string session_setup(Duration statement_timeout);

// The same for the next statement only by its text: "SET statement_timeout = 2900; ".
std::string set_statement_timeout(Duration timeout);

}  // namespace mse
