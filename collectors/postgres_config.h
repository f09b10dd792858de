// What a PostgreSQL server is configured to do.
#pragma once

#include "collectors/postgres_readings.h"

namespace mse {

// A part per setting whose value is not the server's built-in default, so that what only a newer
// version knows is no drift; its digest, never its value. Compared is reset_val: our own SETs leave
// it alone. Left out: is_node_local; what nobody set (source default, override) but for
// data_checksums, wal_segment_size and the cluster's encoding and locale; what the client or a
// setting of our own role brought. Also parts:
//  "work_mem (pending restart)"             changed in the file, waiting for a restart
//  "app in this database: work_mem"         ALTER ROLE and ALTER DATABASE, of this database
//  "work_mem (error in file)"               pg_file_settings.error, where it may be read
// Settings of one role that are compared all the same (hot_standby_feedback, archive_command, …):
// use compare_within: {config: [role]} where they differ by intent.
// Secrets (is_secret) go into the secret digest only.
//
// A role without pg_read_all_settings sees fewer rows (some twenty are hidden):
// unknown{permission}, never equal. Failure protocol.
Polled<State> parse_config(Rows settings, Rows file_errors, const std::string& hmac_key);

// The report of such a state: dimension config, and how many settings wait for a restart.
Polled<Report> config_report(Polled<State> state);

// Whether the first statement's rows say that pg_file_settings may be read.
bool may_read_files(const Rows& settings);

PostgresConcern postgres_config();

}  // namespace mse
