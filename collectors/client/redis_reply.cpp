// Gives hiredis functions that charge for every object, and looks at what it is waiting for.
#include "collectors/client/redis_reply.h"

#include <hiredis/read.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

namespace mse {
namespace {

constexpr int kDeepest = 7;
constexpr std::size_t kLongestLine = 64U << 10U;
constexpr std::size_t kErrorText = 500;

// hiredis' numbers of RESP2's types.
constexpr int kString = 1, kArray = 2, kStatus = 5, kError = 6;

int depth_of(const redisReadTask* task) {
  int depth = 0;
  for (; task->parent != nullptr; task = task->parent) ++depth;
  return depth;
}

// Where the object of a task belongs: its place in its parent, or a root of its own.
RedisReply* place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return std::make_unique<RedisReply>().release();
  auto* parent = static_cast<RedisReply*>(task->parent->obj);
  return &parent->elements[static_cast<std::size_t>(task->idx)];
}

}  // namespace

struct RedisReader::Making {
  static RedisReader& reader(const redisReadTask* task) {
    return *static_cast<RedisReader*>(task->privdata);
  }

  static bool charge(const redisReadTask* task, std::uint64_t objects) {
    auto& self = reader(task);
    const auto left = self.budget_ - std::min(self.budget_, self.spent_);
    if (objects <= left / sizeof(RedisReply)) {
      self.spent_ += objects * sizeof(RedisReply);
      return true;
    }
    self.refused_ = Reason::too_large;
    return false;
  }

  static void* text(const redisReadTask* task, char* bytes, std::size_t size) {
    if (task->type != kString && task->type != kStatus && task->type != kError) return nullptr;
    if (!charge(task, 1)) return nullptr;
    auto* reply = place_of(task);
    reply->kind = task->type == kError ? RedisReply::Kind::error : RedisReply::Kind::text;
    reply->text.assign(bytes, size);
    return reply;
  }

  // The count is an int in hiredis 0.14, a size_t later.
  template <typename Count>
  static void* array(const redisReadTask* task, Count count) {
    if (task->type != kArray || count < Count{} || depth_of(task) >= kDeepest) return nullptr;
    if (!charge(task, static_cast<std::uint64_t>(count) + 1)) return nullptr;
    auto* reply = place_of(task);
    reply->kind = RedisReply::Kind::array;
    reply->elements.resize(static_cast<std::size_t>(count));
    return reply;
  }

  static void* integer(const redisReadTask* task, long long value) {
    if (!charge(task, 1)) return nullptr;
    auto* reply = place_of(task);
    reply->kind = RedisReply::Kind::integer;
    reply->integer = value;
    return reply;
  }

  static void* nil(const redisReadTask* task) { return charge(task, 1) ? place_of(task) : nullptr; }

  static void* no_bool(const redisReadTask* /*task*/, int /*value*/) { return nullptr; }
  static void* no_double(const redisReadTask* /*task*/, double /*value*/, char* /*text*/,
                         std::size_t /*size*/) {
    return nullptr;
  }

  static void free(void* root) { delete static_cast<RedisReply*>(root); }

  static redisReplyObjectFunctions* functions() {
    static redisReplyObjectFunctions all = made(redisReplyObjectFunctions{});
    return &all;
  }

  // Later versions of hiredis also read RESP3, which nobody asked for.
  template <typename Functions>
  static Functions made(Functions all) {
    all.createString = text;
    all.createArray = array;
    all.createInteger = integer;
    all.createNil = nil;
    all.freeObject = free;
    if constexpr (requires { all.createBool; }) {
      all.createBool = no_bool;
      all.createDouble = no_double;
    }
    return all;
  }
};

void RedisReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

RedisReader::RedisReader(std::uint64_t budget)
    : budget_(budget), reader_(redisReaderCreateWithFunctions(Making::functions())) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = this;
}

RedisReader::~RedisReader() = default;

Polled<void> RedisReader::feed(std::string_view bytes) {
  spent_ += bytes.size();
  if (spent_ > budget_) {
    return tl::unexpected(Failure{Reason::too_large, "the reply is larger than its budget"});
  }
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return tl::unexpected(Failure{Reason::internal, "hiredis takes no more"});
}

Polled<std::optional<RedisReply>> RedisReader::next() {
  void* root = nullptr;
  if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK) {
    const auto reason = refused_.value_or(Reason::protocol);
    return tl::unexpected(Failure{reason, std::string("the reply: ") + reader_->errstr});
  }
  if (root != nullptr) {
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(root));
    return std::move(*reply);
  }
  if (auto bearable = check_pending(); !bearable) return tl::unexpected(bearable.error());
  return std::nullopt;
}

bool RedisReader::has_more() const {
  return reader_->pos < reader_->len;
}

// hiredis has read the type of the item it waits for, and keeps the rest. A line that is whole and
// yet not taken is the length of a bulk string: those of all other types are taken at once.
Polled<void> RedisReader::check_pending() const {
  const std::string_view pending(reader_->buf + reader_->pos, reader_->len - reader_->pos);
  const auto end_of_line = pending.find("\r\n");
  const auto line = pending.substr(0, end_of_line);
  if (line.size() > kLongestLine) {
    return tl::unexpected(Failure{Reason::too_large, "a line of the reply does not end"});
  }
  if (end_of_line == std::string_view::npos) return {};
  const auto digits = line.substr(line.starts_with('$') ? 1 : 0);
  std::uint64_t claimed = 0;
  const auto error = std::from_chars(digits.begin(), digits.end(), claimed).ec;
  if (error == std::errc::result_out_of_range || (error == std::errc() && claimed > budget_)) {
    return tl::unexpected(Failure{Reason::too_large, "the reply claims more than its budget"});
  }
  return {};
}

namespace {

// How errors begin.
constexpr std::pair<std::string_view, Reason> kKnown[] = {
    {"NOAUTH", Reason::auth},
    {"WRONGPASS", Reason::auth},
    {"ERR invalid password", Reason::auth},
    {"ERR Client sent AUTH", Reason::auth},
    {"ERR AUTH", Reason::auth},
    {"NOPERM", Reason::permission},
    {"DENIED", Reason::permission},
    {"ERR unknown command", Reason::unsupported},
    {"ERR Unknown subcommand", Reason::unsupported},
    {"ERR unknown subcommand", Reason::unsupported},
    {"ERR Unknown CONFIG", Reason::unsupported},
    {"ERR This instance has cluster support disabled", Reason::unsupported},
    {"LOADING", Reason::in_recovery},
    {"MASTERDOWN", Reason::in_recovery},
    {"BUSY", Reason::overload},
    {"OOM", Reason::overload},
    {"ERR max number of clients", Reason::overload},
    {"ERR Protocol error", Reason::protocol},
    {"ERR command not allowed", Reason::permission},
    {"ERR operation not permitted", Reason::auth},
};

std::pair<std::string_view, Reason> known_error(std::string_view error) {
  for (const auto& known : kKnown) {
    if (error.starts_with(known.first)) return known;
  }
  return {"an error of the server's own", Reason::internal};
}

}  // namespace

Reason reason_of_redis_error(std::string_view error) {
  return known_error(error).second;
}

Failure redis_failure(const RedisReply& reply) {
  return {reason_of_redis_error(reply.text), reply.text.substr(0, kErrorText)};
}

Failure redis_login_failure(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::error) return {Reason::protocol, "no answer to AUTH"};
  const auto [words, reason] = known_error(reply.text);
  const bool is_of_login = reason == Reason::internal || reason == Reason::unsupported;
  return {is_of_login ? Reason::auth : reason, "AUTH was refused: " + std::string(words)};
}

}  // namespace mse
