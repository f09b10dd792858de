// Whom a Redis server is, where it stands in its history, and who replicates from it.
#pragma once

#include <optional>
#include <vector>

#include "collectors/redis_info.h"
#include "exporter/report.h"

namespace mse {

// From INFO server and replication.
//  identity.server   run_id: a restarted server is another one
//  identity.history  master_replid; a replica that has not synchronised yet has one of its own
//  identity.group    master_replid2 where there is one (a promoted server keeps there what it
//                    followed, so that the old primary is of its group), else master_replid
//  position          of a primary master_repl_offset, of a replica slave_repl_offset: what it has
//                    applied. A replica's own master_repl_offset says nothing of its primary: it
//                    equals the other even when the primary is gone
//  link_up           master_link_status, of a replica
struct RedisSelf {
  Identity identity;
  Position position;
  std::optional<bool> link_up;
};

// Failure protocol: a field is missing or no number.
Polled<RedisSelf> redis_self(const RedisInfo& info);

bool is_same_server(const RedisSelf& one, const RedisSelf& other);

// The state `replication_history`: the replication id.
State redis_history(const Identity& identity);

// The replicas a server names (slave0, slave1, …), at most 64, by "host:port". Nothing is said of
// their lag: a replica that has just attached has offset 0, and `lag` is the age of its last word.
std::vector<Peer> redis_replicas(const RedisInfo& info);

}  // namespace mse
