// Drives libpq's non-blocking calls.
#include "collectors/client/postgres_connection.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "collectors/client/postgres_errors.h"
#include "collectors/client/postgres_reply.h"

namespace mse {

namespace {

constexpr std::uint64_t kLoginBudget = 1U << 20U;
// Bounds what the kernel holds for us, and thereby how far one PQconsumeInput runs ahead of the
// count.
constexpr int kSocketBuffer = 128 << 10;

void ignore_notice(void* /*unused*/, const PGresult* /*unused*/) {}

std::uint64_t bytes_waiting(const PGconn* connection) {
  int bytes = 0;
  if (ioctl(PQsocket(connection), FIONREAD, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::uint64_t>(bytes);
}

void bound_socket(const PGconn* connection) {
  setsockopt(PQsocket(connection), SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof(kSocketBuffer));
}

// The process's address space; 0 where /proc is missing. libpq reserves what a message claims to be
// long, and then reads, in one call, as much as the server is quick to send (67 MB of a row said to
// have 1.4 GB, with a budget of 4 MB): the reservation tells the lie before that call.
std::uint64_t address_space() {
  static const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  std::array<char, 32> text{};
  if (pread(file, text.data(), text.size() - 1, 0) <= 0) return 0;
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::strtoull(text.data(), nullptr, 10) * page;
}

void forget_notifications(PGconn* connection) {
  while (auto* note = PQnotifies(connection)) PQfreemem(note);
}

}  // namespace

tl::unexpected<Failure> PostgresConnection::closed_with(Failure failure) {
  close();
  return tl::unexpected(std::move(failure));
}

tl::unexpected<Failure> PostgresConnection::broken() {
  return closed_with(connection_failure(PQerrorMessage(pg_.get())));
}

void PostgresConnection::close() {
  readiness_.abandon();
  pg_.reset();
  whole_ = busy_ = false;
}

asio::awaitable<Polled<void>> PostgresConnection::wait(Readiness::For what, Mono deadline) {
  const auto outcome = co_await readiness_.wait(PQsocket(pg_.get()), what, deadline);
  if (outcome == Readiness::Outcome::ready) co_return Polled<void>();
  if (outcome == Readiness::Outcome::deadline) {
    co_return tl::unexpected(Failure{Reason::deadline, "the server did not answer in time"});
  }
  co_return tl::unexpected(Failure{Reason::internal, "the connection was closed meanwhile"});
}

// One step of a login. Its bytes are counted as those of a reply.
Polled<void> PostgresConnection::advance(PostgresPollingStatusType& step, PostgresReply& reply) {
  if (!reply.receive(bytes_waiting(pg_.get()))) return closed_with(reply.finish().error());
  const auto before = address_space();
  step = PQconnectPoll(pg_.get());
  bound_socket(pg_.get());
  if (step == PGRES_POLLING_FAILED) return broken();
  if (!reply.reserve(before, address_space())) return closed_with(reply.finish().error());
  return {};
}

asio::awaitable<Polled<void>> PostgresConnection::open(std::string parameters, Mono deadline) {
  close();
  pg_.reset(PQconnectStart(parameters.c_str()));
  if (!pg_) co_return closed_with({Reason::internal, "out of memory"});
  PQsetErrorVerbosity(pg_.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(pg_.get(), ignore_notice, nullptr);
  if (PQstatus(pg_.get()) == CONNECTION_BAD) co_return broken();
  bound_socket(pg_.get());
  PostgresReply login(kLoginBudget);
  for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;) {
    const auto what =
        step == PGRES_POLLING_READING ? Readiness::For::reading : Readiness::For::writing;
    auto done = co_await wait(what, deadline);
    if (!done) co_return closed_with(std::move(done.error()));
    done = advance(step, login);
    if (!done) co_return done;
  }
  if (PQsetnonblocking(pg_.get(), 1) != 0) co_return broken();
  whole_ = true;
  co_return Polled<void>();
}

// Waits for writing alone: the server reads the whole of a query before it answers.
asio::awaitable<Polled<void>> PostgresConnection::flush(Mono deadline) {
  for (;;) {
    const int left = PQflush(pg_.get());
    if (left < 0) co_return broken();
    if (left == 0) co_return Polled<void>();
    auto done = co_await wait(Readiness::For::writing, deadline);
    if (!done) co_return closed_with(std::move(done.error()));
  }
}

asio::awaitable<Polled<void>> PostgresConnection::send(std::string sql, Mono deadline) {
  if (PQsendQuery(pg_.get(), sql.c_str()) == 0) co_return broken();
  PQsetSingleRowMode(pg_.get());
  whole_ = false;
  auto sent = co_await flush(deadline);
  whole_ = busy_ = sent.has_value();
  co_return sent;
}

// Takes the results that are complete. True: the reply has ended, or has to.
bool PostgresConnection::take_results(PostgresReply& reply) {
  while (PQisBusy(pg_.get()) == 0) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(pg_.get()), PQclear);
    if (!result) {
      busy_ = false;
      return true;
    }
    if (!reply.take(result.get())) {
      close();
      return true;
    }
  }
  return false;
}

// The same for all that libpq parses here.
bool PostgresConnection::take_ready(PostgresReply& reply) {
  const auto before = address_space();
  const bool ended = take_results(reply);
  if (pg_) forget_notifications(pg_.get());
  if (reply.reserve(before, address_space())) return ended;
  close();
  return true;
}

Polled<void> PostgresConnection::read(PostgresReply& reply) {
  if (!reply.receive(bytes_waiting(pg_.get()))) return closed_with(reply.finish().error());
  if (PQconsumeInput(pg_.get()) == 0) return broken();
  return {};
}

asio::awaitable<Polled<Rows>> PostgresConnection::receive(std::uint64_t budget, Mono deadline) {
  PostgresReply reply(budget);
  while (!take_ready(reply)) {
    auto done = co_await wait(Readiness::For::reading, deadline);
    if (done) done = read(reply);
    if (!done) co_return tl::unexpected(std::move(done.error()));
  }
  if (is_open() && PQstatus(pg_.get()) == CONNECTION_BAD) close();
  co_return reply.finish();
}

bool PostgresConnection::is_alive() {
  if (!is_open()) close();
  PostgresReply idle(kLoginBudget);
  // Twice: for the server's last words, and for the end after them.
  for (int i = 0; i < 2 && is_open(); ++i) {
    if (read(idle)) take_ready(idle);
    if (is_open() && PQstatus(pg_.get()) != CONNECTION_OK) close();
  }
  return is_open();
}

}  // namespace mse
