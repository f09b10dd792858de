// Who may do what on a Redis server.
#pragma once

#include <string>

#include "collectors/client/redis.h"
#include "exporter/model.h"

namespace mse {

// Of ACL LIST: a part "user NAME" per user, with its rules in the server's order, but for those
// whose order says nothing (patterns, rules of different commands); the hashes of its passwords
// count as secrets. Failure: the server's error (permission, unsupported before Redis 6),
// or protocol.
Polled<State> redis_access_policy(const RedisReply& reply, const std::string& hmac_key);

}  // namespace mse
