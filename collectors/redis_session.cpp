// Two pipelines a poll, one a position.
#include "collectors/redis_session.h"

#include <chrono>
#include <utility>

#include "collectors/node_session.h"
#include "collectors/redis_access_policy.h"
#include "collectors/redis_config.h"
#include "collectors/redis_identity.h"
#include "collectors/redis_software_version.h"
#include "collectors/redis_traffic.h"

namespace mse {
namespace {

using Commands = std::vector<RedisCommand>;
using Replies = std::vector<RedisReply>;

struct Node {
  std::unique_ptr<RedisClient> polls, positions;
  RedisTraffic traffic;
  std::string hmac_key;

  void close() {
    polls.reset();
    positions.reset();
  }
};
using NodePtr = std::shared_ptr<Node>;

RedisCommand info(const char* section) {
  return {"INFO", section};
}

Polled<RedisInfo> info_of(const Replies& replies, std::size_t count) {
  RedisInfo out;
  for (std::size_t i = 0; i < count; ++i) {
    if (auto added = out.add(replies[i]); !added) return tl::unexpected(std::move(added.error()));
  }
  return out;
}

std::variant<Unknown, Absent, State> outcome_of(Polled<State> state) {
  if (!state) return Unknown{state.error().reason};
  return *std::move(state);
}

// What is asked for after the first INFO, in this order.
Commands rest_of(Role role, Depth depth) {
  Commands commands;
  if (role == Role::replica) commands.push_back(info("commandstats"));
  if (depth == Depth::deep) {
    commands.push_back({"CONFIG", "GET", "*"});
    commands.push_back({"ACL", "LIST"});
  }
  if (!commands.empty()) {
    commands.push_back(info("server"));
    commands.push_back(info("replication"));
  }
  return commands;
}

Report begun(const RedisSelf& self, const RedisInfo& first) {
  Report report;
  report.identity = self.identity;
  report.dimensions["replication_history"].outcome = redis_history(self.identity);
  report.dimensions["software_version"].outcome = outcome_of(redis_software_version(first));
  if (self.identity.role == Role::primary) report.peers = redis_replicas(first);
  return report;
}

void add_deep(Report& report, const Replies& rest, const std::string& hmac_key) {
  const auto* end = rest.data() + rest.size() - 2;  // the two of INFO
  report.dimensions["config"].outcome = outcome_of(redis_config(end[-2], hmac_key));
  report.dimensions["access_policy"].outcome = outcome_of(redis_access_policy(end[-1], hmac_key));
}

// Whether the server that answered last is still `self`.
bool is_still(const RedisSelf& self, const Replies& rest) {
  RedisInfo last;
  const bool is_told = last.add(rest[rest.size() - 2]) && last.add(rest.back());
  const auto now = redis_self(last);
  return is_told && now && is_same_server(self, *now);
}

void make_unknown(Report& report, Depth depth) {
  for (auto& [dimension, reading] : report.dimensions) {
    reading.outcome = Unknown{Reason::identity_changed};
  }
  if (depth == Depth::narrow) return;
  report.dimensions["config"].outcome = Unknown{Reason::identity_changed};
  report.dimensions["access_policy"].outcome = Unknown{Reason::identity_changed};
}

void add_rest(Report& report, const RedisSelf& self, const Replies& rest, Depth depth,
              const std::string& hmac_key) {
  if (!is_still(self, rest)) {
    make_unknown(report, depth);
  } else if (depth == Depth::deep) {
    add_deep(report, rest, hmac_key);
  }
}

void add_traffic(Report& report, Node& node, Role role, const RedisInfo& info, std::uint64_t own) {
  const auto counter = redis_counter(info, role);
  if (counter) report.requests = node.traffic.requests(role, *counter, own);
}

asio::awaitable<Polled<Report>> read_all(NodePtr node, Depth depth, Mono deadline) {
  if (!node->polls) co_return closed_meanwhile();
  Commands commands;
  for (const char* section : {"server", "replication", "stats"}) commands.push_back(info(section));
  auto replies = co_await node->polls->request(std::move(commands), deadline);
  if (!node->polls) co_return closed_meanwhile();
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  // The last INFO did not count itself yet.
  const auto own = node->polls->commands() - 1 + node->positions->commands();
  auto first = info_of(*replies, replies->size());
  if (!first) co_return tl::unexpected(std::move(first.error()));
  const auto self = redis_self(*first);
  if (!self) co_return tl::unexpected(self.error());
  auto report = begun(*self, *first);
  const auto role = self->identity.role;
  auto more = rest_of(role, depth);
  if (!more.empty()) {
    auto rest = co_await node->polls->request(std::move(more), deadline);
    if (!node->polls) co_return closed_meanwhile();
    if (!rest) co_return tl::unexpected(std::move(rest.error()));
    if (role == Role::replica) (void)first->add(rest->front());
    add_rest(report, *self, *rest, depth, node->hmac_key);
  }
  add_traffic(report, *node, role, *first, own);
  co_return report;
}

asio::awaitable<Polled<PositionReading>> read_position(NodePtr node, Mono deadline) {
  if (!node->positions) co_return closed_meanwhile();
  Commands commands;
  for (const char* section : {"server", "replication"}) commands.push_back(info(section));
  auto replies = co_await node->positions->request(std::move(commands), deadline);
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  const auto both = info_of(*replies, replies->size());
  if (!both) co_return tl::unexpected(both.error());
  auto self = redis_self(*both);
  if (!self) co_return tl::unexpected(std::move(self.error()));
  PositionReading reading;
  reading.identity = std::move(self->identity);
  reading.position = std::move(self->position);
  reading.link_up = self->link_up;
  reading.at = std::chrono::steady_clock::now();
  co_return reading;
}

}  // namespace

std::unique_ptr<Session> open_redis(RedisSettings settings, std::string address,
                                    Environment& environment) {
  auto node = std::make_shared<Node>();
  node->polls = std::make_unique<RedisClient>(settings, address, environment);
  node->positions =
      std::make_unique<RedisClient>(std::move(settings), std::move(address), environment);
  node->hmac_key = environment.hmac_key;
  return std::make_unique<NodeSession<Node>>(std::move(node), &read_all, &read_position);
}

std::string redis_grants(const std::string& user) {
  return "ACL SETUSER " + user +
         " on resetkeys resetchannels -@all +info +config|get +acl|list\n"
         "# then give it a password: ACL SETUSER " +
         user + " >PASSWORD, and ACL SAVE or CONFIG REWRITE\n";
}

}  // namespace mse
