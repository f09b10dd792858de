// What a Redis server tells of itself: the fields of INFO.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/client/redis.h"

namespace mse {

// Field → value of all sections given, as the server wrote them ("run_id", "cmdstat_get").
class RedisInfo {
 public:
  // Adds the fields of a section. Failure: the error the server answered with; protocol when the
  // reply is no text or the server knows no INFO: that is no Redis, rather than one that supports
  // nothing.
  Polled<void> add(const RedisReply& section);

  std::optional<std::string> text(std::string_view field) const;
  std::optional<std::uint64_t> number(std::string_view field) const;
  const std::map<std::string, std::string, std::less<>>& fields() const { return fields_; }

 private:
  std::map<std::string, std::string, std::less<>> fields_;
};

// Of the fields of INFO commandstats, before the name of the command.
inline constexpr std::string_view kRedisCommandPrefix = "cmdstat_";

// The value of `key` in "calls=12,usec=34".
std::optional<std::string_view> redis_subfield(std::string_view value, std::string_view key);

}  // namespace mse
