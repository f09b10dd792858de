// One pipeline a poll, one a position; two where settings or users may have changed.
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
#include "collectors/redis_writes.h"

namespace mse {
namespace {

constexpr int kMostKept = 9;  // deep polls in a row that do not ask again

using Commands = std::vector<RedisCommand>;
using Replies = std::vector<RedisReply>;

// What is heavy to read, as it was last, and what the server had run before that.
struct Kept {
  RedisWrites writes;
  StateRef config, access_policy;
  Mono read_at;
  int polls = 0;  // that it has answered
};

struct Node {
  std::unique_ptr<RedisClient> polls, positions;
  Role role = Role::none;  // when it was last polled
  RedisTraffic traffic;
  std::string hmac_key;
  std::vector<std::string> settings;
  std::shared_ptr<StateTable> states;
  Duration kept_for{};
  std::optional<Kept> kept;

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

// What a poll asks for beside replication and traffic.
struct Question {
  bool counts = false;  // how often the server has run each command
  bool heavy = false;   // settings and users

  std::size_t settings_at() const { return counts ? 2 : 1; }
};

// In any case at times: a module may change a setting or a user by itself.
bool is_due(const Node& node) {
  return !node.kept || node.kept->polls >= kMostKept ||
         std::chrono::steady_clock::now() - node.kept->read_at >= node.kept_for;
}

Question question(const Node& node, Depth depth) {
  const bool is_deep = depth == Depth::deep;
  return {is_deep || node.role != Role::primary, is_deep && is_due(node)};
}

// Counts come before what is heavy, so that they never hide a change of it. Traffic comes last, so
// that it counts what was asked before it. Before version 7 CONFIG takes one name at a time.
Commands asked(const Node& node, Question about) {
  Commands commands{info("replication")};
  if (about.counts) commands.push_back(info("commandstats"));
  if (about.heavy) {
    for (const auto& name : node.settings) commands.push_back({"CONFIG", "GET", name});
    commands.push_back({"ACL", "LIST"});
    commands.push_back(info("replication"));
  }
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

void keep(Node& node, const std::optional<RedisWrites>& writes, const Report& report) {
  const auto* config = std::get_if<State>(&report.dimensions.at("config").outcome);
  const auto* access_policy = std::get_if<State>(&report.dimensions.at("access_policy").outcome);
  node.kept.reset();
  node.states->forget_unused();
  if (!writes || config == nullptr || access_policy == nullptr) return;
  node.kept = Kept{*writes, node.states->intern(*config), node.states->intern(*access_policy),
                   std::chrono::steady_clock::now()};
}

void add_heavy(Report& report, const RedisSelf& self, Node& node, const Replies& replies,
               Question about) {
  const auto first = replies.begin() + static_cast<std::ptrdiff_t>(about.settings_at());
  const auto users = first + static_cast<std::ptrdiff_t>(node.settings.size());
  if (!is_still(self, *node.polls, *(users + 1))) return make_unknown(report);
  const auto settings = joined(first, node.settings.size());
  report.dimensions["config"].outcome = outcome_of(redis_config(settings, node.hmac_key));
  report.dimensions["access_policy"].outcome =
      outcome_of(redis_access_policy(*users, node.hmac_key));
}

// Nothing is added where it may be another by now.
void add_kept(Report& report, Node& node, const std::optional<RedisWrites>& writes) {
  auto& kept = *node.kept;
  if (!writes || !is_unwritten(kept.writes, *writes)) {
    node.kept.reset();
    return;
  }
  ++kept.polls;
  kept.writes = *writes;
  report.dimensions["config"].outcome = *kept.config;
  report.dimensions["access_policy"].outcome = *kept.access_policy;
}

void add_traffic(Report& report, Node& node, Role role, const RedisInfo& info, std::uint64_t own) {
  const auto counter = redis_counter(info, role);
  if (counter) report.requests = node.traffic.requests(role, *counter, own);
}

// The replies to asked(node, about); `own`: commands of ours that they count.
Polled<Report> report_of(Node& node, const Replies& replies, Depth depth, Question about,
                         std::uint64_t own) {
  auto first = info_of(*node.polls, {&replies.front(), &replies.back()});
  if (!first) return tl::unexpected(std::move(first.error()));
  // A role without it has its requests counted from the next poll on.
  if (about.counts) (void)first->add(replies[1]);
  const auto self = redis_self(*first);
  if (!self) return tl::unexpected(self.error());
  auto report = begun(*self, *first);
  if (about.heavy) {
    add_heavy(report, *self, node, replies, about);
    keep(node, redis_writes(*first), report);
  } else if (depth == Depth::deep) {
    add_kept(report, node, redis_writes(*first));
  }
  node.role = self->identity.role;
  add_traffic(report, node, node.role, *first, own);
  return report;
}

asio::awaitable<Polled<Report>> read_once(NodePtr node, Depth depth, Question about,
                                          Mono deadline) {
  if (!node->polls) co_return closed_meanwhile();
  auto commands = asked(*node, about);
  auto replies = co_await node->polls->request(std::move(commands), deadline);
  if (!node->polls) co_return closed_meanwhile();
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  // The last INFO did not count itself yet.
  const auto own = node->polls->commands() - 1 + node->positions->commands();
  co_return report_of(*node, *replies, depth, about, own);
}

asio::awaitable<Polled<Report>> read_all(NodePtr node, Depth depth, Mono deadline) {
  auto about = question(*node, depth);
  auto report = co_await read_once(node, depth, about, deadline);
  if (!report || depth == Depth::narrow || about.heavy || node->kept) co_return report;
  about.heavy = true;
  co_return co_await read_once(node, depth, about, deadline);
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
  node->states = std::move(reading.states);
  node->kept_for = reading.kept_for;
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
