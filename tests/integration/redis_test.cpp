// The Redis collector over real servers: traps R1 to R4, planted differences, least privilege.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

#include "collectors/redis_info.h"
#include "tests/integration/watched_redis.h"

namespace mse {
namespace {

using namespace testing_support;
using std::chrono::seconds;
using Strings = std::set<std::string>;

void write_to(RedisServer& server, int times) {
  for (int i = 0; i < times; ++i) server.run({"SET", "filler", std::string(20'000, 'x')});
}

std::map<std::string, std::string> all_settings(RedisServer& server) {
  const auto reply = server.run({"CONFIG", "GET", "*"});
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    out.emplace(reply.elements[i].text, reply.elements[i + 1].text);
  }
  return out;
}

TEST_F(RedisPair, R1AReplicaThatJustAttachedIsNotBehindByTheWholeHistory) {
  write_to(primary_, 3);
  RedisServer third;
  EXPECT_EQ(third.run({"REPLICAOF", "127.0.0.1", std::to_string(primary_.port())}).text, "OK");
  wait_until("the primary says online",
             [&] { return primary_.info("slave1").find("state=online") != std::string::npos; });
  // Naive: the primary's offset less what it last heard from the replica.
  const auto named = primary_.info("slave1");
  const auto heard = redis_subfield(named, "offset");
  ASSERT_TRUE(heard);
  Watched watched(third.address());
  wait_until("the replica is level", [&] {
    return watched.position().position.bytes == watched_primary_.position().position.bytes;
  });
  EXPECT_EQ(watched.position().position.history, watched_primary_.position().position.history);
}

TEST_F(RedisPair, R2AFrozenReplicaIsOnlineForItsPrimaryAndUnreadableForUs) {
  wait_until("the primary has heard of it",
             [this] { return primary_.info("slave0").find("state=online") != std::string::npos; });
  wait_until("level", [this] { return is_level(); });
  replica_.signal(SIGSTOP);
  write_to(primary_, 3);
  EXPECT_NE(primary_.info("slave0").find("state=online"), std::string::npos) << "the naive answer";
  const auto reading = watched_replica_.try_position(std::chrono::milliseconds(300));
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().reason, Reason::deadline);
  replica_.signal(SIGCONT);
  wait_until("level again", [this] { return is_level(); });
}

TEST_F(RedisPair, R3AReplicaWithoutItsPrimaryHasNoGapOfItsOwnToTellFrom) {
  wait_until("level", [this] { return is_level(); });
  primary_.stop();
  wait_until("the link is down", [this] { return replica_.info("master_link_status") == "down"; });
  EXPECT_EQ(replica_.info("master_repl_offset"), replica_.info("slave_repl_offset"))
      << "the naive gap is 0";
  EXPECT_EQ(watched_replica_.position().link_up, false);
  const auto lost = watched_primary_.try_position(seconds(2));
  ASSERT_FALSE(lost) << "so that the lag is absent, not 0";
  EXPECT_THAT(lost.error().reason, testing::AnyOf(Reason::refused, Reason::reset));
}

TEST_F(RedisPair, R4AnIdenticalPairHasNoDifferingKey) {
  // A server answers in an order of its own: by name, or nearly all of them differ.
  const auto one = all_settings(primary_), other = all_settings(replica_);
  Strings naive;
  for (const auto& [name, value] : one) {
    if (other.at(name) != value) naive.insert(name);
  }
  EXPECT_THAT(naive, testing::IsSupersetOf({"port", "replicaof", "slaveof"})) << "the naive answer";
  for (const auto* dimension :
       {"config", "access_policy", "software_version", "replication_history"}) {
    EXPECT_EQ(differing_in(dimension), Strings{}) << dimension;
  }
}

TEST_F(RedisPair, OnePlantedSettingIsTheOneKeyThatDiffers) {
  replica_.run({"CONFIG", "SET", "maxmemory", "64mb"});
  EXPECT_EQ(differing_in("config"), Strings{"maxmemory"});
  replica_.run({"CONFIG", "SET", "maxmemory", "0"});
  replica_.run({"CONFIG", "SET", "slave-serve-stale-data", "no"});
  EXPECT_EQ(differing_in("config"), Strings{"replica-serve-stale-data"});
}

TEST_F(RedisPair, OnlySettingsThatAreNamedAreAskedFor) {
  RedisReading named;
  named.settings = {"maxmemory", "repl-*", "masterauth"};
  Watched watched(replica_.address(), std::move(named));
  const auto before = watched.state("config");
  Strings names;
  for (const auto& [name, digest] : before.parts) names.insert(name);
  EXPECT_TRUE(names.contains("maxmemory"));
  EXPECT_TRUE(names.contains("repl-timeout"));
  EXPECT_FALSE(names.contains("maxclients"));
  replica_.run({"CONFIG", "SET", "maxclients", "77"});
  EXPECT_EQ(watched.state("config").key, before.key);
  replica_.run({"CONFIG", "SET", "repl-timeout", "77"});
  EXPECT_NE(watched.state("config").key, before.key);
  std::get<State>(watched.poll().dimensions["access_policy"].outcome);
}

TEST_F(RedisPair, OnePlantedUserOrRuleIsTheOneKeyThatDiffers) {
  replica_.run({"ACL", "SETUSER", "mallory", "on", "nopass", "+get", "~*"});
  EXPECT_EQ(differing_in("access_policy"), Strings{"user mallory"});
  primary_.run({"ACL", "SETUSER", "mallory", "on", "nopass", "+get", "~*"});
  EXPECT_EQ(differing_in("access_policy"), Strings{});
  primary_.run({"ACL", "SETUSER", "mallory", "+set"});
  EXPECT_EQ(differing_in("access_policy"), Strings{"user mallory"});
}

TEST_F(RedisPair, EqualRulesAreEqualWhateverTheOrderAServerListsThemIn) {
  for (auto* server : {&primary_, &replica_}) {
    RedisCommand command{"ACL", "SETUSER", "eve", "on", "nopass", "-@all"};
    for (const auto* rule : {"+info", "+get", "+set", "+ttl", "+acl|list", "+config|get"}) {
      command.emplace_back(rule);
    }
    EXPECT_EQ(server->run(command).text, "OK");
  }
  EXPECT_EQ(differing_in("access_policy"), Strings{});
}

TEST_F(RedisPair, OnePlantedPasswordIsTheOneKeyThatDiffersAndShowsNowhere) {
  const std::string canary = "canary-7c1d";
  primary_.run({"ACL", "SETUSER", "bob", "on", ">same", "+get", "~*"});
  replica_.run({"ACL", "SETUSER", "bob", "on", ">" + canary, "+get", "~*"});
  replica_.run({"CONFIG", "SET", "masterauth", canary});
  EXPECT_EQ(watched_primary_.state("access_policy").key.fingerprint,
            watched_replica_.state("access_policy").key.fingerprint);
  for (const std::string dimension : {"access_policy", "config"}) {
    const auto one = watched_primary_.state(dimension), other = watched_replica_.state(dimension);
    Strings parts;
    for (const auto& [part, digest] : other.parts) {
      EXPECT_EQ((part + digest + other.text).find(canary), std::string::npos);
      if (!one.parts.contains(part) || one.parts.at(part) != digest) parts.insert(part);
    }
    EXPECT_EQ(parts, Strings{dimension == "config" ? "masterauth" : "user bob"});
    EXPECT_NE(one.key.secret_digest, other.key.secret_digest);
  }
}

TEST_F(RedisPair, APromotedReplicaWritesAnotherHistoryOfTheSameGroup) {
  const auto before = watched_replica_.poll().identity;
  replica_.run({"REPLICAOF", "NO", "ONE"});
  const auto after = watched_replica_.poll().identity;
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->role, Role::primary);
  EXPECT_EQ(after->former_group, before->group);
  EXPECT_EQ(after->server, before->server);
  EXPECT_NE(after->history, before->history);
  EXPECT_EQ(differing_in("replication_history"), Strings{"history"});
}

TEST_F(RedisPair, APrimaryNamesItsReplicas) {
  const auto peers = watched_primary_.poll(Depth::narrow).peers;
  ASSERT_TRUE(peers);
  ASSERT_EQ(peers->size(), 1U);
  EXPECT_EQ(peers->front().address, replica_.address());
  EXPECT_FALSE(watched_replica_.poll(Depth::narrow).peers);
}

TEST_F(RedisPair, TrafficIsThatOfClientsAlone) {
  const auto first = watched_replica_.poll(Depth::narrow).requests;
  const auto first_of_primary = watched_primary_.poll(Depth::narrow).requests;
  ASSERT_TRUE(first && first_of_primary);
  for (int i = 0; i < 3; ++i) {
    watched_primary_.poll();
    watched_primary_.position();
  }
  EXPECT_LE(*watched_primary_.poll().requests - *first_of_primary, 2U)
      << "but for the REPLCONF ACK of the replica";
  for (int i = 0; i < 50; ++i) primary_.run({"SET", "k", "v"});
  for (int i = 0; i < 7; ++i) replica_.run({"GET", "k"});
  wait_until("level", [this] { return is_level(); });
  EXPECT_EQ(*watched_replica_.poll().requests - *first, 7U);
  EXPECT_GE(*watched_primary_.poll().requests - *first_of_primary, 50U);
}

// What a person would type, word by word.
RedisCommand words_of(const std::string& line) {
  RedisCommand words;
  std::istringstream in(line);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

TEST(RedisPrivilege, TheGrantsAreEnoughAndNoMore) {
  RedisServer server;
  const auto grants = redis_grants("mixed_state");
  EXPECT_EQ(server.run(words_of(grants.substr(0, grants.find('\n')))).text, "OK");
  server.run({"ACL", "SETUSER", "mixed_state", ">secret"});
  Watched watched(server.address(), as("mixed_state", "secret"));
  EXPECT_FALSE(watched.state("config").parts.empty());
  EXPECT_TRUE(watched.state("access_policy").parts.contains("user mixed_state"));
  EXPECT_EQ(watched.position().identity.role, Role::primary);
  for (const auto& command : std::vector<RedisCommand>{
           {"SET", "k", "v"}, {"GET", "k"}, {"CONFIG", "SET", "maxmemory", "1"}, {"FLUSHALL"}}) {
    RedisCommand check{"ACL", "DRYRUN", "mixed_state"};
    check.insert(check.end(), command.begin(), command.end());
    EXPECT_NE(server.run(check).text, "OK") << command[0];
  }
}

TEST(RedisPrivilege, WithoutConfigAndAclTheyAreUnknownByPermission) {
  RedisServer server;
  server.run({"ACL", "SETUSER", "weak", "on", ">secret", "-@all", "+info"});
  Watched watched(server.address(), as("weak", "secret"));
  EXPECT_EQ(watched.reason("config"), Reason::permission);
  EXPECT_EQ(watched.reason("access_policy"), Reason::permission);
  EXPECT_EQ(watched.state("software_version").text, server.info("redis_version"));
}

TEST(RedisPrivilege, WhereConfigIsTakenAwayItIsUnsupported) {
  RedisServer server({"--rename-command", "CONFIG", "", "--rename-command", "ACL", ""});
  Watched watched(server.address());
  EXPECT_EQ(watched.reason("config"), Reason::unsupported);
  EXPECT_EQ(watched.reason("access_policy"), Reason::unsupported);
}

TEST(RedisPrivilege, AWrongPasswordAndAMissingOneAreAuth) {
  RedisServer server;
  server.run({"ACL", "SETUSER", "someone", "on", ">right", "+info"});
  EXPECT_EQ(Watched(server.address(), as("someone", "wrong")).try_poll().error().reason,
            Reason::auth);
  server.run({"CONFIG", "SET", "requirepass", "right"});
  EXPECT_EQ(Watched(server.address()).try_poll().error().reason, Reason::auth);
  EXPECT_TRUE(Watched(server.address(), as("", "right")).try_poll());
}

}  // namespace
}  // namespace mse
