// Runs the concerns of a poll one by one and merges what they say.
#include "collectors/postgres_session.h"

#include <chrono>
#include <utility>

#include "collectors/node_session.h"
#include "collectors/parts.h"
#include "collectors/postgres_identity.h"
#include "collectors/postgres_positions.h"
#include "collectors/postgres_traffic.h"

namespace mse {

namespace {

using Concerns = std::vector<PostgresConcern>;

bool is_same(const Identity& one, const Identity& other) {
  return one.role == other.role && one.group == other.group && one.server == other.server &&
         one.history == other.history;
}

struct Node {
  std::unique_ptr<PostgresClient> polls, positions;
  const Concerns* concerns = nullptr;
  PostgresTraffic traffic;
  std::string hmac_key;

  void close() {
    polls.reset();
    positions.reset();
  }
  std::uint64_t statements() const { return polls->statements() + positions->statements(); }
};
using NodePtr = std::shared_ptr<Node>;

struct Answer {
  PostgresSelf self;
  Rows rows;
};

asio::awaitable<Polled<Answer>> ask(PostgresClient* client, std::string select, Mono deadline) {
  auto rows = co_await client->query(with_identity(select), deadline);
  if (!rows) co_return tl::unexpected(std::move(rows.error()));
  auto self = take_identity(*rows);
  if (!self) co_return tl::unexpected(std::move(self.error()));
  co_return Answer{*std::move(self), *std::move(rows)};
}

// One poll under way.
struct Poll {
  NodePtr node;
  Mono deadline;
  PostgresSelf self;  // of the first statement, but with the position of the last one
  Report report;
  PostgresReader reader;
};

asio::awaitable<Polled<Rows>> rows_of(Poll* poll, std::string select) {
  if (!poll->node->polls) co_return closed_meanwhile();
  auto answer = co_await ask(poll->node->polls.get(), std::move(select), poll->deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  if (!is_same(answer->self.identity, poll->self.identity)) {
    co_return tl::unexpected(Failure{Reason::identity_changed, "another server answered"});
  }
  poll->self.position = std::move(answer->self.position);
  co_return std::move(answer->rows);
}

void make_unknown(Report& report, const PostgresConcern& concern, Reason reason) {
  for (const auto& dimension : concern.dimensions) {
    report.dimensions[dimension].outcome = Unknown{reason};
  }
}

// Adds what a concern said; `position` is that of its replicated dimensions.
void merge(Report& report, const PostgresConcern& concern, Report said, const Position& position) {
  make_unknown(report, concern, Reason::internal);
  for (const auto& dimension : concern.dimensions) {
    const auto found = said.dimensions.find(dimension);
    if (found == said.dimensions.end()) continue;
    auto& reading = report.dimensions[dimension];
    reading.outcome = std::move(found->second.outcome);
    reading.replicated = concern.replicated;
    if (concern.replicated) reading.position = position;
  }
  if (said.requests) report.requests = said.requests;
  if (said.migrations) report.migrations = std::move(said.migrations);
  if (said.peers) report.peers = std::move(said.peers);
  if (said.downstreams) report.downstreams = std::move(said.downstreams);
}

// A failure here is one of the whole poll.
asio::awaitable<Polled<void>> read_concern(Poll* poll, const PostgresConcern* concern) {
  const auto before = poll->self.position;
  poll->reader.server_version = poll->node->polls->server_version();
  poll->reader.own_statements = poll->node->statements();
  auto said = co_await concern->read(&poll->reader);
  if (!poll->node->polls) co_return closed_meanwhile();
  if (said) {
    const bool replica = poll->self.identity.role == Role::replica;
    merge(poll->report, *concern, *std::move(said), replica ? before : poll->self.position);
    co_return Polled<void>();
  }
  const auto reason = said.error().reason;
  make_unknown(poll->report, *concern, reason);
  if (poll->node->polls->connected() || reason == Reason::too_large) co_return Polled<void>();
  co_return tl::unexpected(std::move(said.error()));
}

State history_of(const Identity& identity) {
  auto state = state_of("postgres_replication_history/1", {{"history", identity.history}});
  state.text = identity.history;
  return state;
}

void begin(Poll& poll) {
  poll.report.identity = poll.self.identity;
  poll.report.dimensions[kReplicationHistory].outcome = history_of(poll.self.identity);
  poll.reader.rows = [&poll](std::string select) { return rows_of(&poll, std::move(select)); };
  poll.reader.role = poll.self.identity.role;
  poll.reader.hmac_key = poll.node->hmac_key;
  poll.reader.traffic = &poll.node->traffic;
}

asio::awaitable<Polled<Report>> read_all(NodePtr node, Depth depth, Mono deadline) {
  if (!node->polls) co_return closed_meanwhile();
  Poll poll{std::move(node), deadline, {}, {}, {}};
  auto answer = co_await ask(poll.node->polls.get(), "SELECT 1 AS one", deadline);
  if (!poll.node->polls) co_return closed_meanwhile();
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  poll.self = std::move(answer->self);
  begin(poll);
  for (const auto& concern : *poll.node->concerns) {
    if (concern.depth == Depth::deep && depth == Depth::narrow) continue;
    auto done = co_await read_concern(&poll, &concern);
    if (!done) co_return tl::unexpected(std::move(done.error()));
  }
  co_return std::move(poll.report);
}

asio::awaitable<Polled<PositionReading>> read_position(NodePtr node, Mono deadline) {
  if (!node->positions) co_return closed_meanwhile();
  auto answer = co_await ask(node->positions.get(), std::string(kPostgresPosition), deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  auto reading = parse_position(std::move(answer->self), std::move(answer->rows));
  if (reading) reading->at = std::chrono::steady_clock::now();
  co_return reading;
}

}  // namespace

std::unique_ptr<Session> open_postgres(PostgresSettings settings, std::string address,
                                       Environment& environment,
                                       const std::vector<PostgresConcern>& concerns) {
  auto node = std::make_shared<Node>();
  node->polls = std::make_unique<PostgresClient>(settings, address, environment);
  node->positions =
      std::make_unique<PostgresClient>(std::move(settings), std::move(address), environment);
  node->concerns = &concerns;
  node->hmac_key = environment.hmac_key;
  return std::make_unique<NodeSession<Node>>(std::move(node), &read_all, &read_position);
}

}  // namespace mse
