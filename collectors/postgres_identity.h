// Whom a PostgreSQL server is and where it stands, taken in the same statement as the data.
#pragma once

#include <string>
#include <string_view>

#include "collectors/client/postgres.h"
#include "exporter/report.h"

namespace mse {

// The server that answered a statement.
//  identity.group    system identifier / oid of the database: oids travel with physical replication
//                    and survive a rename
//  identity.server   system identifier / port / postmaster start in µs: the data directory, which
//                    would tell servers of one cluster apart for good, is hidden from a plain role.
//                    A restarted server is another one, which is right: it lost what it held open
//  identity.history  system identifier / timeline. A primary's is that of the WAL it writes; a
//                    standby's the newest it receives, has replayed or check-pointed, whichever it
//                    may tell, because each of these alone lags or vanishes with the link
//  position          of the data: on a primary the end of the WAL inserted when the data were read,
//                    so that it is never before a commit they show; on a standby what was replayed
//                    when the statement began
struct PostgresSelf {
  Identity identity;
  Position position;
};

// `select` as part of a statement that also takes the identity; it must be one SELECT without final
// `;` with distinct column names. The rows' order is lost.
std::string with_identity(std::string_view select);

// Takes identity columns and, when `select` gave no rows, the row that stands for it out of `rows`.
// Failure protocol: the reply is not that of such a statement. Failure partial: search_path is not
// empty, so a pooler between us gave the statement to a session that is not ours, and names in it
// cannot be trusted.
Polled<PostgresSelf> take_identity(Rows& rows);

}  // namespace mse
