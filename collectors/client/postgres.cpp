// When a PostgreSQL client connects, to which address, and what it does with a statement that
// outlives its deadline.
#include "collectors/client/postgres.h"

#include <algorithm>
#include <utility>

#include "collectors/client/address.h"
#include "collectors/client/postgres_cancel.h"
#include "collectors/client/postgres_connection.h"
#include "collectors/client/postgres_parameters.h"
#include "exporter/busy.h"

namespace mse {

namespace {

using Addresses = std::vector<asio::ip::address>;

Mono now() {
  return std::chrono::steady_clock::now();
}

constexpr Duration kShortest = std::chrono::milliseconds(10);

// What is left of the time to `deadline`, less what the answer needs to reach us.
Duration on_server(Mono deadline) {
  const Duration left = deadline - now();
  const Duration margin = std::max<Duration>(std::chrono::milliseconds(50), left / 10);
  return std::max<Duration>(left - margin, kShortest);
}

// Another address may do better; after a refused login it would only be refused again.
bool may_try_next(Reason reason) {
  return reason == Reason::refused || reason == Reason::unreachable || reason == Reason::reset ||
         reason == Reason::deadline;
}

}  // namespace

struct PostgresClient::Connection {
  Connection(PostgresSettings wanted, std::string where, Environment& process)
      : settings(std::move(wanted)),
        text(std::move(where)),
        environment(process),
        link(process.executor) {}

  static asio::awaitable<Polled<Rows>> query(std::shared_ptr<Connection> self, std::string sql,
                                             Mono deadline);

  asio::awaitable<Polled<void>> prepare(Mono deadline);
  asio::awaitable<Polled<void>> settle(Mono deadline);
  asio::awaitable<Polled<void>> connect(Mono deadline);
  asio::awaitable<Polled<void>> connect_to(Address address, std::string ip, bool loopback,
                                           Mono deadline);
  asio::awaitable<Polled<void>> connect_to_any(Address address, Addresses addresses, Mono deadline);
  asio::awaitable<Polled<Addresses>> resolve(std::string host, Mono deadline);
  asio::awaitable<Polled<Rows>> run(std::string sql, Mono deadline);
  asio::awaitable<Polled<Rows>> exchange(std::string sql, Mono deadline);
  std::string time_limit(Mono deadline);
  void cancel();

  PostgresSettings settings;
  std::string text;  // the address as it was written
  Environment& environment;
  PostgresConnection link;
  bool closed = false;     // the client is gone
  bool running = false;    // a query is under way
  bool cancelled = false;  // the statement under way was asked to end
  Duration limit{};        // statement_timeout of the session; zero: not known
  std::uint64_t statements = 0;
  int version = 0;
};

namespace {

tl::unexpected<Failure> gone() {
  return tl::unexpected(Failure{Reason::internal, "the client was closed meanwhile"});
}

tl::unexpected<Failure> too_late() {
  return tl::unexpected(Failure{Reason::deadline, "no time was left to ask"});
}

}  // namespace

asio::awaitable<Polled<Rows>> PostgresClient::Connection::query(std::shared_ptr<Connection> self,
                                                                std::string sql, Mono deadline) {
  if (self->closed) co_return gone();
  if (self->running) {
    co_return tl::unexpected(Failure{Reason::internal, "two queries at once on one connection"});
  }
  const Busy busy(self->running);
  auto ready = co_await self->prepare(deadline);
  if (!ready) co_return tl::unexpected(std::move(ready.error()));
  co_return co_await self->run(std::move(sql), deadline);
}

asio::awaitable<Polled<void>> PostgresClient::Connection::prepare(Mono deadline) {
  if (link.is_busy()) {
    auto settled = co_await settle(deadline);
    if (!settled) co_return settled;
  }
  if (closed) co_return gone();
  if (link.is_alive()) co_return Polled<void>();
  co_return co_await connect(deadline);
}

// Waits for the end of a statement whose query gave up: until then its backend lives, and another
// connection would be a second one.
asio::awaitable<Polled<void>> PostgresClient::Connection::settle(Mono deadline) {
  const auto rest = co_await link.receive(settings.reply_budget, deadline);
  if (!link.is_busy()) co_return Polled<void>();
  cancel();
  if (rest) co_return Polled<void>();
  co_return tl::unexpected(rest.error());
}

void PostgresClient::Connection::cancel() {
  if (!cancelled) cancelled = cancel_in_background(link.get());
}

asio::awaitable<Polled<Addresses>> PostgresClient::Connection::resolve(std::string host,
                                                                       Mono deadline) {
  asio::error_code error;
  const auto literal = asio::ip::make_address(host, error);
  if (!error) co_return Addresses(1, literal);
  co_return co_await environment.resolve(std::move(host), deadline);
}

asio::awaitable<Polled<void>> PostgresClient::Connection::connect(Mono deadline) {
  auto address = parse_address(text, settings.port);
  if (!address) {
    co_return tl::unexpected(Failure{Reason::internal, std::move(address.error().message)});
  }
  if (address->local) co_return co_await connect_to(*address, "", true, deadline);
  auto addresses = co_await resolve(address->host, deadline);
  if (closed) co_return gone();
  if (!addresses) co_return tl::unexpected(std::move(addresses.error()));
  co_return co_await connect_to_any(*std::move(address), *std::move(addresses), deadline);
}

// Each address gets its share of the time that is left.
asio::awaitable<Polled<void>> PostgresClient::Connection::connect_to_any(Address address,
                                                                         Addresses addresses,
                                                                         Mono deadline) {
  Polled<void> done = tl::unexpected(Failure{Reason::dns, "the name has no addresses"});
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto share = (deadline - now()) / static_cast<int>(addresses.size() - i);
    const auto& ip = addresses[i];
    done = co_await connect_to(address, ip.to_string(), ip.is_loopback(), now() + share);
    if (closed) co_return gone();
    if (done || !may_try_next(done.error().reason)) break;
  }
  co_return done;
}

asio::awaitable<Polled<void>> PostgresClient::Connection::connect_to(Address address,
                                                                     std::string ip, bool loopback,
                                                                     Mono deadline) {
  auto allowed = co_await environment.may_connect(deadline);
  if (closed) co_return gone();
  if (!allowed) co_return allowed;
  auto opened = co_await link.open(
      connection_string(postgres_parameters(settings, address, ip, loopback)), deadline);
  if (!opened) co_return opened;
  ++statements;  // the server counts a login as a transaction
  limit = std::min(settings.statement_timeout, on_server(deadline));
  auto set_up = co_await exchange(session_setup(limit), deadline);
  if (!set_up) {
    link.close();
    co_return tl::unexpected(std::move(set_up.error()));
  }
  version = PQserverVersion(link.get());
  co_return Polled<void>();
}

// Sets a shorter statement_timeout where the session's would outlive the deadline, and a longer one
// where it would end the statement long before.
std::string PostgresClient::Connection::time_limit(Mono deadline) {
  const auto wanted = std::min(settings.statement_timeout, on_server(deadline));
  if (limit <= wanted && limit >= wanted / 2) return "";
  limit = wanted;
  return set_statement_timeout(wanted);
}

asio::awaitable<Polled<Rows>> PostgresClient::Connection::run(std::string sql, Mono deadline) {
  // What cannot be answered any more is not asked: it would leave a statement to be cancelled.
  if (now() + kShortest >= deadline) co_return too_late();
  const auto prefix = time_limit(deadline);
  auto rows = co_await exchange(prefix + sql, deadline);
  // A failed statement takes the SET before it back.
  if (!rows && !prefix.empty()) limit = {};
  if (!rows && rows.error().reason == Reason::deadline && link.is_busy()) cancel();
  co_return rows;
}

asio::awaitable<Polled<Rows>> PostgresClient::Connection::exchange(std::string sql, Mono deadline) {
  cancelled = false;
  ++statements;
  auto sent = co_await link.send(std::move(sql), deadline);
  if (!sent) co_return tl::unexpected(std::move(sent.error()));
  co_return co_await link.receive(settings.reply_budget, deadline);
}

PostgresClient::PostgresClient(PostgresSettings settings, std::string address,
                               Environment& environment)
    : connection_(
          std::make_shared<Connection>(std::move(settings), std::move(address), environment)) {}

PostgresClient::~PostgresClient() {
  connection_->closed = true;
  connection_->link.close();
}

asio::awaitable<Polled<Rows>> PostgresClient::query(std::string sql, Mono deadline) {
  return Connection::query(connection_, std::move(sql), deadline);
}

bool PostgresClient::connected() const {
  return connection_->link.is_open() && !connection_->link.is_busy();
}

std::uint64_t PostgresClient::statements() const {
  return connection_->statements;
}

int PostgresClient::server_version() const {
  return connection_->version;
}

}  // namespace mse
