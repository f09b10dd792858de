// Sums the counters that count clients alone.
#include "collectors/redis_traffic.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "collectors/cells.h"

namespace mse {
namespace {

// Commands that only read, and that no primary sends to its replicas. We send none of them.
const std::set<std::string_view> kReads{
    "bitcount",
    "bitfield_ro",
    "bitpos",
    "dbsize",
    "dump",
    "eval_ro",
    "evalsha_ro",
    "exists",
    "expiretime",
    "fcall_ro",
    "geodist",
    "geohash",
    "geopos",
    "georadius_ro",
    "georadiusbymember_ro",
    "geosearch",
    "get",
    "getbit",
    "getrange",
    "hexists",
    "hget",
    "hgetall",
    "hkeys",
    "hlen",
    "hmget",
    "hrandfield",
    "hscan",
    "hstrlen",
    "hvals",
    "keys",
    "lcs",
    "lindex",
    "llen",
    "lolwut",
    "lpos",
    "lrange",
    "mget",
    "pexpiretime",
    "pttl",
    "randomkey",
    "scan",
    "scard",
    "sdiff",
    "sinter",
    "sintercard",
    "sismember",
    "smembers",
    "smismember",
    "sort_ro",
    "srandmember",
    "sscan",
    "strlen",
    "substr",
    "sunion",
    "touch",
    "ttl",
    "type",
    "xinfo",
    "xlen",
    "xpending",
    "xrange",
    "xread",
    "xrevrange",
    "zcard",
    "zcount",
    "zdiff",
    "zinter",
    "zintercard",
    "zlexcount",
    "zmscore",
    "zrandmember",
    "zrange",
    "zrangebylex",
    "zrangebyscore",
    "zrank",
    "zrevrange",
    "zrevrangebylex",
    "zrevrangebyscore",
    "zrevrank",
    "zscan",
    "zscore",
    "zunion",
};

std::uint64_t reads_of(const RedisInfo& info) {
  std::uint64_t sum = 0;
  for (auto at = info.fields().lower_bound(kRedisCommandPrefix); at != info.fields().end(); ++at) {
    const std::string_view field = at->first;
    if (!field.starts_with(kRedisCommandPrefix)) break;
    // "xinfo|stream" counts as xinfo
    const auto command =
        field.substr(kRedisCommandPrefix.size(), field.find('|') - kRedisCommandPrefix.size());
    if (!kReads.contains(command)) continue;
    sum += whole_number(redis_subfield(at->second, "calls").value_or("")).value_or(0);
  }
  return sum;
}

}  // namespace

std::optional<std::uint64_t> redis_counter(const RedisInfo& info, Role role) {
  if (role == Role::primary) return info.number("total_commands_processed");
  const auto first = info.fields().lower_bound(kRedisCommandPrefix);
  const bool is_told =
      first != info.fields().end() && first->first.starts_with(kRedisCommandPrefix);
  if (!is_told || info.text("slave_read_only") == "0") return std::nullopt;
  return reads_of(info);
}

void RedisTraffic::begin(Role role, std::uint64_t counter, std::uint64_t own) {
  role_ = role;
  first_ = counter;
  own_before_ = own;
  before_ = last_;
}

std::uint64_t RedisTraffic::requests(Role role, std::uint64_t counter, std::uint64_t own) {
  if (role == Role::replica) own = own_;
  if (role_ == Role::none) {
    last_ = counter;
    begin(role, counter, own);
  } else if (role != role_) {
    begin(role, counter, own);
  } else if (counter < counter_) {
    begin(role, 0, own);
  }
  counter_ = counter;
  own_ = own;
  const auto ours = own - std::min(own, own_before_);
  const auto all = counter - first_;
  last_ = std::max(last_, before_ + all - std::min(all, ours));
  return last_;
}

}  // namespace mse
