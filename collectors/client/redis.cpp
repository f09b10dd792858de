// Formats commands, logs in, and matches replies to commands.
#include "collectors/client/redis.h"

#include <hiredis/hiredis.h>

#include <utility>

#include "exporter/within.h"

namespace mse {
namespace {

using Replies = std::vector<RedisReply>;

std::string formatted(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const auto& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const auto size =
      redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), words.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  std::string out(bytes, static_cast<std::size_t>(size));
  redisFreeCommand(bytes);
  return out;
}

std::string formatted(const std::vector<RedisCommand>& commands) {
  std::string bytes;
  for (const auto& command : commands) bytes += formatted(command);
  return bytes;
}

// Whether the server refused a command before it ran, and so did not count it.
bool was_refused(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::error) return false;
  const auto reason = reason_of_redis_error(reply.text);
  return reason == Reason::permission || reason == Reason::unsupported ||
         reason == Reason::in_recovery || reason == Reason::overload;
}

// An error that is one of the connection, whatever was asked.
bool ends_all(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::error) return false;
  const auto reason = reason_of_redis_error(reply.text);
  return reason == Reason::auth || reason == Reason::protocol ||
         reply.text.starts_with("ERR max number of clients") || reply.text.starts_with("DENIED");
}

// Whether the last reply is the last there will be.
bool has_ended(const Replies& replies) {
  return !replies.empty() && ends_all(replies.back());
}

}  // namespace

struct RedisClient::Connection {
  Connection(RedisSettings wanted, std::string address, Environment& process,
             std::vector<RedisCommand> first)
      : settings(std::move(wanted)),
        stream(settings.stream, std::move(address), process),
        greeting(std::move(first)) {}

  static asio::awaitable<Polled<Replies>> request(std::shared_ptr<Connection> self,
                                                  std::vector<RedisCommand> commands,
                                                  Mono deadline);
  asio::awaitable<Polled<void>> prepare(Mono deadline);
  asio::awaitable<Polled<void>> log_in();
  asio::awaitable<Polled<void>> greet();
  // As many replies as expected, or fewer of which the last ends all.
  asio::awaitable<Polled<Replies>> exchange(std::string bytes, std::size_t expected);
  asio::awaitable<Polled<void>> read_more(RedisReader* reader);
  Polled<void> take(RedisReader& reader, Replies& replies, std::size_t expected);
  void close() {
    greeted.clear();
    stream.close();
  }

  RedisSettings settings;
  Stream stream;
  std::vector<RedisCommand> greeting;
  Replies greeted;
  bool closed = false;   // the client is gone
  bool running = false;  // a request is under way, or was left to itself
  std::uint64_t commands_run = 0;
};

asio::awaitable<Polled<Replies>> RedisClient::Connection::request(
    std::shared_ptr<Connection> self, std::vector<RedisCommand> commands, Mono deadline) {
  auto ready = co_await self->prepare(deadline);
  if (!ready) co_return tl::unexpected(std::move(ready.error()));
  auto replies = co_await self->exchange(formatted(commands), commands.size());
  if (replies && has_ended(*replies)) co_return tl::unexpected(redis_failure(replies->back()));
  co_return replies;
}

asio::awaitable<Polled<void>> RedisClient::Connection::prepare(Mono deadline) {
  if (stream.is_quiet()) co_return Polled<void>();
  greeted.clear();
  auto ready = co_await stream.open(deadline);
  if (ready && settings.password) ready = co_await log_in();
  if (ready && !greeting.empty()) ready = co_await greet();
  co_return ready;
}

asio::awaitable<Polled<void>> RedisClient::Connection::log_in() {
  RedisCommand login(1, "AUTH");
  if (!settings.user.empty()) login.push_back(settings.user);
  login.push_back(settings.password->reveal());
  auto replies = co_await exchange(formatted(login), 1);
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  const auto& reply = replies->front();
  if (reply.kind == RedisReply::Kind::text && reply.text == "OK") co_return Polled<void>();
  co_return tl::unexpected(redis_login_failure(reply));
}

asio::awaitable<Polled<void>> RedisClient::Connection::greet() {
  auto replies = co_await exchange(formatted(greeting), greeting.size());
  if (!replies) co_return tl::unexpected(std::move(replies.error()));
  if (has_ended(*replies)) co_return tl::unexpected(redis_failure(replies->back()));
  greeted = *std::move(replies);
  co_return Polled<void>();
}

asio::awaitable<Polled<Replies>> RedisClient::Connection::exchange(std::string bytes,
                                                                   std::size_t expected) {
  auto written = co_await stream.write(std::move(bytes));
  // What the server said before it hung up tells more than that it did.
  if (!written && written.error().reason != Reason::reset) {
    co_return tl::unexpected(std::move(written.error()));
  }
  RedisReader reader(settings.reply_budget);
  Replies replies;
  while (replies.size() < expected && !has_ended(replies)) {
    auto done = co_await read_more(&reader);
    if (done) done = take(reader, replies, expected);
    if (!done) co_return tl::unexpected(std::move(done.error()));
  }
  if (reader.has_more() && !has_ended(replies)) {
    co_return tl::unexpected(Failure{Reason::protocol, "the server says more than it was asked"});
  }
  co_return replies;
}

asio::awaitable<Polled<void>> RedisClient::Connection::read_more(RedisReader* reader) {
  auto bytes = co_await stream.read();
  if (!bytes) co_return tl::unexpected(std::move(bytes.error()));
  co_return reader->feed(*bytes);
}

Polled<void> RedisClient::Connection::take(RedisReader& reader, Replies& replies,
                                           std::size_t expected) {
  while (replies.size() < expected && !has_ended(replies)) {
    auto reply = reader.next();
    if (!reply) return tl::unexpected(std::move(reply.error()));
    if (!*reply) break;
    if (!was_refused(**reply) && !ends_all(**reply)) ++commands_run;
    replies.push_back(**std::move(reply));
  }
  return {};
}

RedisClient::RedisClient(RedisSettings settings, std::string address, Environment& environment,
                         std::vector<RedisCommand> greeting)
    : connection_(std::make_shared<Connection>(std::move(settings), std::move(address), environment,
                                               std::move(greeting))) {}

RedisClient::~RedisClient() {
  connection_->closed = true;
  connection_->close();
}

namespace {

tl::unexpected<Failure> internal(std::string text) {
  return tl::unexpected(Failure{Reason::internal, std::move(text)});
}

// Marks that its connection is in use, for as long as the work that uses it exists.
template <typename Connection>
struct InUse {
  explicit InUse(std::shared_ptr<Connection> used) : connection(std::move(used)) {
    connection->running = true;
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  ~InUse() { connection->running = false; }

  std::shared_ptr<Connection> connection;
};

template <typename Connection>
asio::awaitable<Polled<Replies>> run_alone(std::shared_ptr<Connection> connection,
                                           std::vector<RedisCommand> commands, Mono deadline) {
  const InUse<Connection> in_use(connection);
  auto replies = co_await Connection::request(connection, std::move(commands), deadline);
  if (connection->closed) co_return internal("the client was closed meanwhile");
  co_return replies;
}

template <typename Connection>
asio::awaitable<Polled<Replies>> ask(std::shared_ptr<Connection> connection,
                                     std::vector<RedisCommand> commands, Mono deadline) {
  if (connection->running) co_return internal("two requests at once on one connection");
  auto work = run_alone(connection, std::move(commands), deadline);
  auto replies = co_await within(deadline, std::move(work));
  if (!replies) connection->close();
  co_return replies;
}

}  // namespace

asio::awaitable<Polled<Replies>> RedisClient::request(std::vector<RedisCommand> commands,
                                                      Mono deadline) {
  return ask(connection_, std::move(commands), deadline);
}

const std::vector<RedisReply>& RedisClient::greeted() const {
  return connection_->greeted;
}

bool RedisClient::connected() const {
  return connection_->stream.is_open();
}

std::uint64_t RedisClient::commands() const {
  return connection_->commands_run;
}

}  // namespace mse
