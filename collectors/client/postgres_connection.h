// One libpq connection and the waits on its socket.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "collectors/client/postgres.h"
#include "collectors/client/readiness.h"

namespace mse {

class PostgresReply;

// Does each step once, and knows nothing of addresses, retries or cancelling. Loop thread only; one
// operation at a time; must outlive it, but may be closed during it (it then fails).
class PostgresConnection {
 public:
  explicit PostgresConnection(const asio::any_io_executor& executor) : readiness_(executor) {}

  // Connects and logs in, with a connection string; any failure leaves it closed.
  asio::awaitable<Polled<void>> open(std::string parameters, Mono deadline);
  asio::awaitable<Polled<void>> send(std::string sql, Mono deadline);
  // The reply to what was sent. After a Failure deadline it is still due (busy), after one of the
  // statement the connection is open, after any other closed.
  asio::awaitable<Polled<Rows>> receive(std::uint64_t budget, Mono deadline);
  void close();

  bool is_open() const { return pg_ != nullptr && whole_; }
  // A reply, or the rest of one, is due.
  bool is_busy() const { return is_open() && busy_; }
  // Of an idle connection: the server has not hung up meanwhile, and no login or send was cut off
  // by the end of its coroutine. Closes it otherwise.
  bool is_alive();
  PGconn* get() const { return pg_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  asio::awaitable<Polled<void>> wait(Readiness::For what, Mono deadline);
  asio::awaitable<Polled<void>> flush(Mono deadline);
  bool take_results(PostgresReply& reply);
  bool take_ready(PostgresReply& reply);
  Polled<void> read(PostgresReply& reply);
  Polled<void> advance(PostgresPollingStatusType& step, PostgresReply& reply);
  tl::unexpected<Failure> broken();
  tl::unexpected<Failure> closed_with(Failure failure);

  std::unique_ptr<PGconn, Finish> pg_;
  Readiness readiness_;
  bool whole_ = false;  // no login, no send is half done
  bool busy_ = false;
};

}  // namespace mse
