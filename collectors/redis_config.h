// What a Redis server is configured to do.
#pragma once

#include <string>
#include <string_view>

#include "collectors/client/redis.h"
#include "exporter/model.h"

namespace mse {

// Of CONFIG GET, of all or of some: a part per setting, under one name where a server answers with
// two spellings (slave-* and replica-*, *-ziplist-* and *-listpack-*, …), without what is a node's
// own, secrets only in the secret digest. Settings of one role that are compared all the same
// (save, appendonly, min-replicas-*): use compare_within: {config: [role]} where they differ by
// intent. Failure: the server's error (permission, unsupported), or protocol.
Polled<State> redis_config(const RedisReply& reply, const std::string& hmac_key);

// The name under which a setting is compared: "slave-priority" → "replica-priority".
std::string redis_setting_name(std::string_view name);

// Whether a setting, by that name, differs on nodes that agree: address, paths, process, role.
bool is_redis_node_local(std::string_view name);

// Whether a setting, by that name, may hold a secret.
bool is_redis_secret(std::string_view name, std::string_view value);

// `value` with bytes in plain numbers (64mb, 1k) and the old words for replicas replaced.
std::string redis_setting_value(std::string_view name, std::string_view value);

}  // namespace mse
