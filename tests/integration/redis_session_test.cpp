// When the Redis collector asks again what it has read, over real servers.
#include <gtest/gtest.h>

#include "collectors/redis_info.h"
#include "tests/integration/watched_redis.h"

namespace mse {
namespace {

using namespace testing_support;
using Strings = std::set<std::string>;

// How often a command was asked for, this time not counted.
std::uint64_t calls(RedisServer& server, const std::string& command) {
  const auto stats = server.run({"INFO", "commandstats"});
  RedisInfo info;
  EXPECT_TRUE(info.add(stats));
  const auto counted = info.text("cmdstat_" + command).value_or("");
  const auto number = redis_subfield(counted, "calls");
  return number ? std::stoull(std::string(*number)) : 0;
}

TEST(RedisSession, AsksWhatCannotChangeOnceAConnection) {
  RedisServer server;
  Watched watched(server.address());
  const auto version = watched.state("software_version").text;
  server.run({"CONFIG", "RESETSTAT"});
  for (int i = 0; i < 5; ++i) watched.poll(Depth::narrow);
  EXPECT_EQ(calls(server, "info"), 5U * 2) << "replication and stats";
  server.run({"CONFIG", "RESETSTAT"});
  server.run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  EXPECT_EQ(watched.state("software_version").text, version);
  EXPECT_EQ(calls(server, "info"), 1U + 3 + 4) << "server once; statistics were reset: all anew";
  server.run({"CONFIG", "RESETSTAT"});
  watched.poll();
  EXPECT_EQ(calls(server, "info"), 4U) << "and without a look at counts that say nothing any more";
}

TEST(RedisSession, AsksForSettingsAndUsersAgainOnlyWhereTheyMayHaveChangedAndEachTenthTime) {
  RedisServer server;
  Watched watched(server.address());
  const auto settings = watched.state("config");
  for (int i = 0; i < 9; ++i) EXPECT_EQ(watched.state("config").parts, settings.parts);
  EXPECT_EQ(calls(server, "config|get"), 1U);
  EXPECT_EQ(calls(server, "acl|list"), 1U);
  watched.poll();
  EXPECT_EQ(calls(server, "config|get"), 2U);
  EXPECT_EQ(calls(server, "acl|list"), 2U);
}

TEST(RedisSession, EveryChangeOfASettingOrAUserIsSeenAtTheNextDeepPoll) {
  RedisServer server;
  Watched watched(server.address());
  for (int i = 1; i < 5; ++i) {
    const auto bytes = std::to_string(i) + "mb";
    for (int again = 0; again < 3; ++again) watched.poll();
    const auto before = watched.state("config");
    if (i == 4) server.run({"CONFIG", "RESETSTAT"});
    server.run({"CONFIG", "SET", "maxmemory", bytes});
    EXPECT_EQ(differing(before, watched.state("config")), Strings{"maxmemory"}) << i;
    const auto users = watched.state("access_policy");
    server.run({"ACL", "SETUSER", "mallory", "on", ">" + bytes});
    EXPECT_EQ(differing(users, watched.state("access_policy")), Strings{"user mallory"}) << i;
  }
}

TEST(RedisSession, ARightThatIsTakenAwayIsSeenAtTheNextDeepPoll) {
  RedisServer server;
  server.run({"ACL", "SETUSER", "watcher", "on", ">right", "+info", "+config|get", "+acl|list"});
  Watched watched(server.address(), as("watcher", "right"));
  for (int i = 0; i < 3; ++i) watched.state("config");
  server.run({"ACL", "SETUSER", "watcher", "-config|get"});
  EXPECT_EQ(watched.reason("config"), Reason::permission);
  watched.state("access_policy");
}

TEST(RedisSession, AsksForSettingsAndUsersThatWereReadLongAgo) {
  RedisServer server;
  RedisReading reading;
  reading.kept_for = Duration::zero();
  Watched watched(server.address(), std::move(reading));
  for (int i = 0; i < 3; ++i) watched.poll();
  EXPECT_EQ(calls(server, "config|get"), 3U);
  EXPECT_EQ(calls(server, "acl|list"), 3U);
}

TEST(RedisSession, AnotherConnectionToTheSameProcessGoesOnWithWhatWasRead) {
  RedisServer server;
  Watched watched(server.address());
  const auto settings = watched.state("config");
  EXPECT_GE(server.run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).integer, 1);
  EXPECT_EQ(watched.state("config").parts, settings.parts);
  EXPECT_EQ(calls(server, "config|get"), 1U);
}

TEST(RedisSession, AServerThatStartedAnewIsAskedAnew) {
  RedisServer server;
  Watched watched(server.address());
  const auto settings = watched.state("config");
  const auto users = watched.state("access_policy");
  server.restart({"--maxmemory", "7mb", "--user", "carol", "on", "nopass", "~*", "+get"});
  EXPECT_EQ(differing(settings, watched.state("config")), Strings{"maxmemory"});
  EXPECT_EQ(differing(users, watched.state("access_policy")), Strings{"user carol"});
}

TEST_F(RedisPair, APromotedReplicaIsAskedForItsSettingsAnew) {
  watched_replica_.poll();
  watched_replica_.poll();
  EXPECT_EQ(calls(replica_, "config|get"), 1U);
  replica_.run({"REPLICAOF", "NO", "ONE"});
  watched_replica_.poll();
  EXPECT_EQ(calls(replica_, "config|get"), 2U);
}

TEST_F(RedisPair, SessionsThatHoldTheirStatesTogetherReadEachItsOwn) {
  const RedisReading shared;
  Watched primary(primary_.address(), shared), replica(replica_.address(), shared);
  const auto before = primary.state("config");
  EXPECT_EQ(replica.state("config").parts, before.parts);
  primary_.run({"CONFIG", "SET", "maxmemory", "5mb"});
  EXPECT_EQ(differing(before, primary.state("config")), Strings{"maxmemory"});
  EXPECT_EQ(replica.state("config").parts, before.parts);
  EXPECT_EQ(calls(replica_, "config|get"), 1U);
}

TEST(RedisSession, TrafficIsThatOfClientsAloneWhereItAsksTwice) {
  RedisServer server;
  Watched watched(server.address());
  watched.poll();
  const auto first = watched.poll().requests;
  ASSERT_TRUE(first);
  server.run({"CONFIG", "SET", "maxmemory", "5mb"});
  EXPECT_EQ(*watched.poll().requests - *first, 1U);
  EXPECT_EQ(calls(server, "config|get"), 2U) << "or it did not ask twice";
}

}  // namespace
}  // namespace mse
