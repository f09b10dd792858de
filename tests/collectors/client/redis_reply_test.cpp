// Replies from bytes that lie about what follows.
#include "collectors/client/redis_reply.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/client_loop.h"

namespace mse {
namespace {

constexpr std::uint64_t kBudget = 1U << 20U;

// The first reply of `bytes`, fed in pieces of `step`.
Polled<std::optional<RedisReply>> first_of(std::string_view bytes, std::size_t step = 4096) {
  RedisReader reader(kBudget);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (auto fed = reader.feed(bytes.substr(at, step)); !fed) return tl::unexpected(fed.error());
    auto reply = reader.next();
    if (!reply || *reply) return reply;
  }
  return std::nullopt;
}

Reason refused(std::string_view bytes) {
  const auto reply = first_of(bytes);
  EXPECT_FALSE(reply) << "believed: " << bytes.substr(0, 40);
  return reply ? Reason::internal : reply.error().reason;
}

TEST(RedisReply, EveryTypeIsReadByteByByte) {
  const auto reply = first_of("*5\r\n$3\r\nabc\r\n:-7\r\n$-1\r\n-ERR no\r\n*1\r\n+OK\r\n", 1);
  ASSERT_TRUE(reply && *reply);
  const auto& all = (*reply)->elements;
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].text, "abc");
  EXPECT_EQ(all[1].integer, -7);
  EXPECT_EQ(all[2].kind, RedisReply::Kind::nil);
  EXPECT_EQ(all[3].kind, RedisReply::Kind::error);
  EXPECT_EQ(all[3].text, "ERR no");
  EXPECT_EQ(all[4].elements.at(0).text, "OK");
}

TEST(RedisReply, ABulkStringMayHoldAnyBytes) {
  const auto reply = first_of(std::string_view("$4\r\n\r\n\0\xff\r\n", 10));
  ASSERT_TRUE(reply && *reply);
  EXPECT_EQ((*reply)->text, std::string("\r\n\0\xff", 4));
}

TEST(RedisReply, AnArrayThatClaimsTwoThousandMillionElementsIsRefusedUnmade) {
  forget_peak_memory();
  const auto before = resident_bytes();
  EXPECT_EQ(name(refused("*2147483647\r\n")), name(Reason::too_large));
  EXPECT_LT(peak_resident_bytes() - before, 8U << 20U);
}

TEST(RedisReply, ABulkStringThatClaimsMoreThanTheBudgetIsRefusedAtOnce) {
  EXPECT_EQ(name(refused("$9000000000000000000\r\n")), name(Reason::too_large));
  EXPECT_EQ(name(refused("$99999999999999999999999\r\n")), name(Reason::protocol));
  EXPECT_EQ(name(refused("$1048577\r\n")), name(Reason::too_large));
}

TEST(RedisReply, ALineThatNeverEndsIsRefused) {
  EXPECT_EQ(name(refused("+" + std::string(100'000, 'x'))), name(Reason::too_large));
}

TEST(RedisReply, ManySmallArraysSpendTheBudgetToo) {
  std::string all = "*7000\r\n";
  for (int i = 0; i < 7000; ++i) all += "*3\r\n:1\r\n:2\r\n:3\r\n";
  EXPECT_EQ(name(refused(all)), name(Reason::too_large));
}

TEST(RedisReply, NestingBeyondSevenIsRefused) {
  std::string deep;
  for (int i = 0; i < 12; ++i) deep += "*1\r\n";
  EXPECT_EQ(name(refused(deep + ":1\r\n")), name(Reason::protocol));
}

TEST(RedisReply, GarbageIsProtocol) {
  EXPECT_EQ(name(refused("HTTP/1.1 400 Bad Request\r\n\r\n")), name(Reason::protocol));
  EXPECT_EQ(name(refused("*x\r\n")), name(Reason::protocol));
  EXPECT_EQ(name(refused("$-5\r\n")), name(Reason::protocol));
  EXPECT_EQ(name(refused("%1\r\n+a\r\n+b\r\n")), name(Reason::protocol));
}

TEST(RedisReply, ErrorsHaveTheirReasons) {
  EXPECT_EQ(reason_of_redis_error("NOAUTH Authentication required."), Reason::auth);
  EXPECT_EQ(reason_of_redis_error("WRONGPASS invalid username-password pair"), Reason::auth);
  EXPECT_EQ(reason_of_redis_error("NOPERM this user has no permissions"), Reason::permission);
  EXPECT_EQ(reason_of_redis_error("ERR unknown command 'CONFIG'"), Reason::unsupported);
  EXPECT_EQ(reason_of_redis_error("ERR Unknown subcommand or wrong number"), Reason::unsupported);
  EXPECT_EQ(reason_of_redis_error("LOADING Redis is loading the dataset"), Reason::in_recovery);
  EXPECT_EQ(reason_of_redis_error("ERR max number of clients reached"), Reason::overload);
  EXPECT_EQ(reason_of_redis_error("something else"), Reason::internal);
}

// Bytes made of what RESP is made of, cut anywhere: no crash, no leak, and the budget holds.
TEST(RedisReply, RandomBytesNeitherCrashNorOutgrowTheBudget) {
  const std::string alphabet = "*$:+-0123456789\r\n\r\n\r\nax";
  std::mt19937 dice(20);  // NOLINT(cert-msc51-cpp): the same each time
  std::size_t whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (auto size = dice() % 60; size > 0; --size) bytes += alphabet[dice() % alphabet.size()];
    const auto reply = first_of(bytes, 1 + dice() % 9);
    if (reply && *reply) ++whole;
  }
  EXPECT_GT(whole, 0U);
}

}  // namespace
}  // namespace mse
