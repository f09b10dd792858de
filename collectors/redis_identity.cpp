// Reads the replication section of INFO with distrust.
#include "collectors/redis_identity.h"

#include <algorithm>

#include "collectors/cells.h"
#include "collectors/parts.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kMostReplicas = 64;
constexpr std::size_t kShortText = 12;

// 40 hex digits, as run ids and replication ids are.
bool is_id(const std::optional<std::string>& text) {
  return text && text->size() == 40 &&
         text->find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_given(const std::optional<std::string>& id) {
  return is_id(id) && id->find_first_not_of('0') != std::string::npos;
}

std::optional<Role> role_of(const std::optional<std::string>& text) {
  if (text == "master" || text == "primary") return Role::primary;
  if (text == "slave" || text == "replica") return Role::replica;
  return std::nullopt;
}

std::optional<Peer> replica_of(std::string_view value) {
  const auto ip = redis_subfield(value, "ip");
  const auto port = redis_subfield(value, "port");
  if (!ip || ip->empty() || !port || !whole_number(*port)) return std::nullopt;
  const bool is_v6 = ip->find(':') != std::string_view::npos;
  const auto host = is_v6 ? "[" + std::string(*ip) + "]" : std::string(*ip);
  const auto address = repaired(host + ":" + std::string(*port));
  return Peer{address, address};
}

bool is_replica_field(std::string_view field) {
  for (const std::string_view word : {"slave", "replica"}) {
    if (field.starts_with(word) && whole_number(field.substr(word.size()))) return true;
  }
  return false;
}

}  // namespace

Polled<RedisSelf> redis_self(const RedisInfo& info) {
  const auto role = role_of(info.text("role"));
  const auto replid = info.text("master_replid");
  const auto former = info.text("master_replid2");
  const auto run_id = info.text("run_id");
  if (!role || !is_id(replid) || !is_id(run_id)) {
    return protocol("INFO lacks role, run_id or master_replid");
  }
  const bool is_replica = *role == Role::replica;
  const auto offset = info.number(is_replica ? "slave_repl_offset" : "master_repl_offset");
  if (!offset) return protocol("INFO lacks the replication offset");
  RedisSelf self;
  self.identity.role = *role;
  self.identity.server = *run_id;
  self.identity.history = *replid;
  self.identity.group = *replid;
  if (is_given(former)) self.identity.former_group = *former;
  self.position = {*replid, *offset};
  if (is_replica) {
    const auto link = info.text("master_link_status");
    if (link) self.link_up = *link == "up";
  }
  return self;
}

bool is_same_server(const RedisSelf& one, const RedisSelf& other) {
  return one.identity.role == other.identity.role && one.identity.server == other.identity.server &&
         one.identity.history == other.identity.history;
}

State redis_history(const Identity& identity) {
  auto state = state_of("redis_replication_history/1", {{"history", identity.history}});
  state.text = identity.history.substr(0, kShortText);
  return state;
}

std::vector<Peer> redis_replicas(const RedisInfo& info) {
  std::vector<Peer> out;
  for (const auto& [field, value] : info.fields()) {
    if (out.size() >= kMostReplicas || !is_replica_field(field)) continue;
    auto replica = replica_of(value);
    const auto is_known = [&](const Peer& other) { return other.name == replica->name; };
    if (replica && std::none_of(out.begin(), out.end(), is_known)) out.push_back(*replica);
  }
  return out;
}

}  // namespace mse
