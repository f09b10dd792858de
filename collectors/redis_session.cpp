// One pipeline a poll, one a position.
#include "collectors/redis_session.h"

#include <chrono>
#include <initializer_list>
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
  Role role = Role::none;  // when it was last polled
  RedisTraffic traffic;
  std::string hmac_key;
  std::vector<std::string> settings;

  void close() {
    polls.reset();
    positions.reset();
  }
};
using NodePtr = std::shared_ptr<Node>;

RedisCommand info(const char* section) {
  return {"INFO", section};
}

std::variant<Unknown, Absent, State> outcome_of(Polled<State> state) {
  if (!state) return Unknown{state.error().reason};
  return *std::move(state);
}

// Asked once a connection, which is one to one process: its run id and version cannot change.
Commands greeting() {
  return {info("server")};
}

// What a poll asks for. Traffic comes last, so that it counts what was asked before it. Before
// version 7 CONFIG takes one name at a time.
Commands asked(const Node& node, Depth depth) {
  Commands commands{info("replication")};
  if (depth == Depth::deep) {
    for (const auto& name : node.settings) commands.push_back({"CONFIG", "GET", name});
    commands.push_back({"ACL", "LIST"});
    commands.push_back(info("replication"));
  }
  if (node.role != Role::primary) commands.push_back(info("commandstats"));
  commands.push_back(info("stats"));
  return commands;
}

// What the greeting said, and the sections of INFO in `replies`.
Polled<RedisInfo> info_of(const RedisClient& client,
                          std::initializer_list<const RedisReply*> replies) {
  RedisInfo out;
  for (const RedisReply& reply : client.greeted()) {
    if (auto added = out.add(reply); !added) return tl::unexpected(std::move(added.error()));
  }
  for (const RedisReply* reply : replies) {
    if (auto added = out.add(*reply); !added) return tl::unexpected(std::move(added.error()));
  }
  return out;
}

Report begun(const RedisSelf& self, const RedisInfo& first) {
  Report report;
  report.identity = self.identity;
  report.dimensions["replication_history"].outcome = redis_history(self.identity);
  report.dimensions["software_version"].outcome = outcome_of(redis_software_version(first));
  if (self.identity.role == Role::primary) report.peers = redis_replicas(first);
  return report;
}

// `again`: what it said of replication after all else.
bool is_still(const RedisSelf& self, const RedisClient& client, const RedisReply& again) {
  const auto last = info_of(client, {&again});
  if (!last) return false;
  const auto now = redis_self(*last);
  return now && is_same_server(self, *now);
}

// What nobody can say of one server: another answered the end.
void make_unknown(Report& report) {
  for (const char* deep : {"config", "access_policy"}) report.dimensions[deep];
  for (auto& [dimension, reading] : report.dimensions)
    reading.outcome = Unknown{Reason::identity_changed};
}

// The replies to CONFIG as one, or the first that is none.
RedisReply joined(Replies::const_iterator first, std::size_t count) {
  RedisReply all = *first;
  for (std::size_t i = 1; i < count && all.kind == RedisReply::Kind::array; ++i) {
    const RedisReply& more = *(first + static_cast<std::ptrdiff_t>(i));
    if (more.kind != RedisReply::Kind::array) return more;
    all.elements.insert(all.elements.end(), more.elements.begin(), more.elements.end());
  }
  return all;
}

void add_deep(Report& report, const RedisSelf& self, const Node& node, const Replies& replies) {
  const std::size_t count = node.settings.size();
  if (!is_still(self, *node.polls, replies[count + 2])) return make_unknown(report);
  const auto settings = joined(replies.begin() + 1, count);
  report.dimensions["config"].outcome = outcome_of(redis_config(settings, node.hmac_key));
  report.dimensions["access_policy"].outcome =
      outcome_of(redis_access_policy(replies[count + 1], node.hmac_key));
}

void add_traffic(Report& report, Node& node, Role role, const RedisInfo& info, std::uint64_t own) {
  const auto counter = redis_counter(info, role);
  if (counter) report.requests = node.traffic.requests(role, *counter, own);
}

// The replies to asked(node, depth); `own`: commands of ours that they count.
Polled<Report> report_of(Node& node, const Replies& replies, Depth depth, std::uint64_t own) {
  auto first = info_of(*node.polls, {&replies.front(), &replies.back()});
  if (!first) return tl::unexpected(std::move(first.error()));
  // A role without it has its requests counted from the next poll on.
  if (node.role != Role::primary) (void)first->add(replies[replies.size() - 2]);
  const auto self = redis_self(*first);
  if (!self) return tl::unexpected(self.error());
  auto report = begun(*self, *first);
  if (depth == Depth::deep) add_deep(report, *self, node, replies);
  node.role = self->identity.role;
  add_traffic(report, node, node.role, *first, own);
  return report;
}

asio::awaitable<Polled<Report>> read_all(NodePtr node, Depth depth, Mono deadline) {
  if (!node->polls) co_return closed_meanwhile();
  auto commands = asked(*node, depth);
  auto replies = co_await node->polls->request(std::move(commands), deadline);
  if (!node->polls) co_return closed_meanwhile();
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  // The last INFO did not count itself yet.
  const auto own = node->polls->commands() - 1 + node->positions->commands();
  co_return report_of(*node, *replies, depth, own);
}

asio::awaitable<Polled<PositionReading>> read_position(NodePtr node, Mono deadline) {
  if (!node->positions) co_return closed_meanwhile();
  Commands commands(1, info("replication"));
  auto replies = co_await node->positions->request(std::move(commands), deadline);
  if (!node->positions) co_return closed_meanwhile();
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  const auto both = info_of(*node->positions, {&replies->front()});
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

std::unique_ptr<Session> open_redis(RedisReading reading, std::string address,
                                    Environment& environment) {
  auto node = std::make_shared<Node>();
  auto& settings = reading.connection;
  node->settings = std::move(reading.settings);
  node->polls = std::make_unique<RedisClient>(settings, address, environment, greeting());
  node->positions = std::make_unique<RedisClient>(std::move(settings), std::move(address),
                                                  environment, greeting());
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
