// What went wrong with PostgreSQL, as one of our closed reasons.
#pragma once

#include <string>
#include <string_view>

#include "exporter/collector.h"

namespace mse {

// Of an error the server reported. SQLSTATEs: PostgreSQL's documentation, appendix A. 57P03
// (starting up, shutting down, recovering) is in_recovery: the server answers, but not yet queries.
// 3D000 (no such database) is auth: a login that the configuration got wrong, to be retried slowly.
Reason reason_of_sqlstate(std::string_view sqlstate);

// Of libpq's message about a connection, which must have been made with PQERRORS_VERBOSE (a
// server's own error then carries its SQLSTATE, whatever language it speaks) and in the C locale.
Reason reason_of_message(std::string_view message);

// The same with its text: one line, bounded, and for `tls` with the key to set.
Failure connection_failure(std::string_view message);

}  // namespace mse
