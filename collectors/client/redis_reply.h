// Replies of a Redis server, taken from bytes that nobody vouches for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/collector.h"

// NOLINTBEGIN(readability-identifier-naming): hiredis' own names
struct redisReader;
struct redisReadTask;
// NOLINTEND(readability-identifier-naming)

namespace mse {

struct RedisReply {
  enum class Kind { nil, integer, text, array, error };

  Kind kind = Kind::nil;
  std::string text;  // of a text (bulk or status) or an error
  long long integer = 0;
  std::vector<RedisReply> elements;
};

// RESP2, by hiredis. The budget is one of bytes: those fed, and what keeping the replies costs.
// Arrays are refused by the length they claim before they are made, bulk strings when the budget
// cannot hold them, lines that do not end within 64 KiB, and nesting beyond 7.
class RedisReader {
 public:
  explicit RedisReader(std::uint64_t budget);
  ~RedisReader();
  RedisReader(const RedisReader&) = delete;
  RedisReader& operator=(const RedisReader&) = delete;

  // Failure too_large: more than the budget.
  Polled<void> feed(std::string_view bytes);
  // The next reply that is whole; nothing when more bytes are needed. Failure protocol, too_large;
  // then the reader is of no more use.
  Polled<std::optional<RedisReply>> next();
  // Bytes were fed that belong to no reply taken so far.
  bool has_more() const;

 private:
  struct Making;  // what hiredis calls back
  struct Free {
    void operator()(redisReader* reader) const;
  };

  Polled<void> check_pending() const;

  std::uint64_t budget_, spent_ = 0;
  std::optional<Reason> refused_;
  std::unique_ptr<redisReader, Free> reader_;
};

// Why a command failed, by the first word of the error, or what follows ERR: auth (NOAUTH,
// WRONGPASS), permission (NOPERM, protected mode), unsupported (no such command or subcommand),
// in_recovery (LOADING, MASTERDOWN), overload (too many clients, BUSY), else internal.
Reason reason_of_redis_error(std::string_view error);

// Of a reply that is an error; the text is bounded.
Failure redis_failure(const RedisReply& reply);

// Of a reply to AUTH that is not OK. Its text has no word of the server's, which repeats the
// password where it knows no AUTH.
Failure redis_login_failure(const RedisReply& reply);

}  // namespace mse
