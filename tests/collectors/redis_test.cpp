// What the Redis collector makes of a server's replies, without one.
#include <gtest/gtest.h>

#include "collectors/redis_access_policy.h"
#include "collectors/redis_config.h"
#include "collectors/redis_identity.h"
#include "collectors/redis_software_version.h"
#include "collectors/redis_traffic.h"
#include "collectors/redis_writes.h"
#include "tests/support/config_folder.h"

namespace mse {
namespace {

const std::string kId(40, 'a'), kOther(40, 'b'), kNone(40, '0');

RedisReply text(std::string bytes) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::text;
  reply.text = std::move(bytes);
  return reply;
}

RedisReply error(std::string bytes) {
  auto reply = text(std::move(bytes));
  reply.kind = RedisReply::Kind::error;
  return reply;
}

RedisReply list(const std::vector<std::string>& words) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::array;
  for (const auto& word : words) reply.elements.push_back(text(word));
  return reply;
}

RedisInfo info(const std::string& lines) {
  RedisInfo out;
  EXPECT_TRUE(out.add(text(lines)));
  return out;
}

std::string primary() {
  return "# Server\r\nrun_id:" + kOther + "\r\nrole:master\r\nmaster_replid:" + kId +
         "\r\nmaster_replid2:" + kNone + "\r\nmaster_repl_offset:120\r\n";
}

std::string replica() {
  return "run_id:" + kOther + "\r\nrole:slave\r\nmaster_replid:" + kId +
         "\r\nmaster_replid2:" + kNone +
         "\r\nmaster_repl_offset:999\r\nslave_repl_offset:100\r\nmaster_link_status:down\r\n";
}

State config(const std::vector<std::string>& words) {
  const auto state = redis_config(list(words), "key");
  EXPECT_TRUE(state) << state.error().text;
  return state.value_or(State{});
}

State policy(const std::vector<std::string>& lines) {
  const auto state = redis_access_policy(list(lines), "key");
  EXPECT_TRUE(state) << state.error().text;
  return state.value_or(State{});
}

TEST(RedisIdentity, APrimaryStandsWhereItHasWritten) {
  const auto self = redis_self(info(primary()));
  ASSERT_TRUE(self);
  EXPECT_EQ(self->identity.role, Role::primary);
  EXPECT_EQ(self->identity.group, kId);
  EXPECT_EQ(self->identity.former_group, "");
  EXPECT_EQ(self->identity.server, kOther);
  EXPECT_EQ(self->position.bytes, 120U);
  EXPECT_FALSE(self->link_up);
}

TEST(RedisIdentity, AReplicaStandsWhereItHasAppliedWhateverItsOwnOffsetSays) {
  const auto self = redis_self(info(replica()));
  ASSERT_TRUE(self);
  EXPECT_EQ(self->position.bytes, 100U);
  EXPECT_EQ(self->position.history, kId);
  EXPECT_EQ(self->link_up, false);
}

TEST(RedisIdentity, APromotedServerIsOfTheGroupItFollowed) {
  auto lines = primary();
  lines.replace(lines.find(kNone), kNone.size(), kOther);
  const auto self = redis_self(info(lines));
  ASSERT_TRUE(self);
  EXPECT_EQ(self->identity.group, kId);
  EXPECT_EQ(self->identity.former_group, kOther);
  EXPECT_EQ(self->identity.history, kId);
}

TEST(RedisIdentity, WithoutItsFieldsThereIsNone) {
  for (const std::string field : {"run_id", "role", "master_replid:", "master_repl_offset"}) {
    auto lines = primary();
    lines.replace(lines.find(field), 1, "x");
    const auto self = redis_self(info(lines));
    ASSERT_FALSE(self) << field;
    EXPECT_EQ(self.error().reason, Reason::protocol);
  }
}

TEST(RedisIdentity, ReplicasAreNamedByAddress) {
  const auto peers = redis_replicas(
      info(primary() +
           "connected_slaves:2\r\nslave0:ip=10.0.0.1,port=6380,state=online,offset=0,lag=0\r\n"
           "slave1:ip=fd00::1,port=6381,state=online,offset=0,lag=1\r\n"
           "slave2:ip=,port=6381\r\nslave3:port=6381\r\nslave_read_only:1\r\n"));
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].address, "10.0.0.1:6380");
  EXPECT_EQ(peers[1].address, "[fd00::1]:6381");
}

TEST(RedisIdentity, ReplicasAreNamedUpToSixtyFour) {
  auto lines = primary();
  for (int i = 0; i < 100; ++i) {
    lines += "slave" + std::to_string(i) + ":ip=10.0.0." + std::to_string(i) + ",port=1\r\n";
  }
  EXPECT_EQ(redis_replicas(info(lines)).size(), 64U);
}

TEST(RedisInfo, AServerThatKnowsNoInfoIsNotOneThatSupportsNothing) {
  RedisInfo out;
  EXPECT_EQ(out.add(error("ERR unknown command 'INFO'")).error().reason, Reason::protocol);
  EXPECT_EQ(out.add(error("NOPERM no")).error().reason, Reason::permission);
  EXPECT_EQ(out.add(list({})).error().reason, Reason::protocol);
}

TEST(RedisSoftwareVersion, ValkeyIsNotTheRedisItIsCompatibleWith) {
  const auto redis = redis_software_version(info("redis_version:7.2.4\r\n"));
  const auto valkey =
      redis_software_version(info("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n"));
  ASSERT_TRUE(redis && valkey);
  EXPECT_EQ(redis->text, "7.2.4");
  EXPECT_EQ(valkey->text, "valkey 8.0.1");
  EXPECT_NE(redis->key, valkey->key);
  EXPECT_FALSE(redis_software_version(info("nothing:1\r\n")));
}

TEST(RedisConfig, TwoSpellingsAreOneSetting) {
  const auto one = config({"slave-read-only", "yes", "replica-read-only", "yes", "maxmemory", "1"});
  const auto other = config({"replica-read-only", "yes", "maxmemory", "1"});
  EXPECT_EQ(one.parts, other.parts);
  EXPECT_EQ(one.parts.count("replica-read-only"), 1U);
  EXPECT_EQ(redis_setting_name("hash-max-ziplist-entries"), "hash-max-listpack-entries");
  EXPECT_EQ(redis_setting_name("primaryauth"), "masterauth");
  EXPECT_EQ(redis_setting_name("lua-time-limit"), "busy-reply-threshold");
}

TEST(RedisConfig, UnitsAreResolved) {
  EXPECT_EQ(redis_setting_value("maxmemory", "64mb"), "67108864");
  EXPECT_EQ(redis_setting_value("maxmemory", "1K"), "1000");
  EXPECT_EQ(redis_setting_value("maxmemory", "99999999999999999gb"), "99999999999999999gb");
  EXPECT_EQ(redis_setting_value("save", "3600 1"), "3600 1");
  EXPECT_EQ(redis_setting_value("client-output-buffer-limit", "slave 1 2 3"), "replica 1 2 3");
}

TEST(RedisConfig, WhatIsANodesOwnIsLeftOut) {
  const auto state = config({"port", "1", "dir", "/x", "replicaof", "h 1", "slave-priority", "1",
                             "pidfile", "p", "slaveof", "h 1", "maxmemory", "5"});
  EXPECT_EQ(state.parts.size(), 1U);
  EXPECT_TRUE(state.parts.contains("maxmemory"));
}

TEST(RedisConfig, ASecretIsComparedButNotInTheFingerprint) {
  const auto one = config({"requirepass", "one", "maxmemory", "1"});
  const auto other = config({"requirepass", "other", "maxmemory", "1"});
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key.secret_digest, other.key.secret_digest);
  EXPECT_NE(one.parts.at("requirepass"), other.parts.at("requirepass"));
  EXPECT_EQ(one.parts.at("maxmemory"), other.parts.at("maxmemory"));
  for (const auto* name : {"masterauth", "tls-key-file-pass", "sentinel-password"}) {
    EXPECT_TRUE(is_redis_secret(name, "")) << name;
  }
  EXPECT_FALSE(is_redis_secret("notify-keyspace-events", "KEA"));
}

TEST(RedisConfig, WhatCannotBeReadSaysWhy) {
  EXPECT_EQ(redis_config(error("NOPERM no"), "k").error().reason, Reason::permission);
  EXPECT_EQ(redis_config(error("ERR unknown command 'CONFIG'"), "k").error().reason,
            Reason::unsupported);
  EXPECT_EQ(redis_config(list({}), "k").error().reason, Reason::permission);
  EXPECT_EQ(redis_config(list({"maxmemory"}), "k").error().reason, Reason::protocol);
  EXPECT_EQ(redis_config(text("x"), "k").error().reason, Reason::protocol);
}

TEST(RedisAccessPolicy, ARuleOfAUserIsItsPart) {
  const auto one = policy({"user default on nopass ~* &* +@all", "user a on #11 ~* -@all +get"});
  const auto other =
      policy({"user a on #11 ~* -@all +get +set", "user default on nopass ~* &* +@all"});
  EXPECT_NE(one.key.fingerprint, other.key.fingerprint);
  EXPECT_EQ(one.parts.at("user default"), other.parts.at("user default"));
  EXPECT_NE(one.parts.at("user a"), other.parts.at("user a"));
}

TEST(RedisAccessPolicy, APasswordIsASecretAndItsOrderIsNoDifference) {
  const auto one = policy({"user a on #11 #22 ~* +get"});
  const auto turned = policy({"user a on #22 #11 ~* +get"});
  const auto other = policy({"user a on #11 #33 ~* +get"});
  EXPECT_EQ(one.key, turned.key);
  EXPECT_EQ(one.key.fingerprint, other.key.fingerprint);
  EXPECT_NE(one.key.secret_digest, other.key.secret_digest);
  EXPECT_NE(one.parts.at("user a"), other.parts.at("user a"));
}

State rules(const std::string& of) {
  return policy({"user a on #11 " + of});
}

// Two servers of Redis 7.0 answer so after the same ACL SETUSER.
TEST(RedisAccessPolicy, TheOrderOfAServersHashTableIsNoDifference) {
  EXPECT_EQ(rules("resetchannels -@all +info +config|get +acl|list").key,
            rules("resetchannels -@all +config|get +acl|list +info").key);
  EXPECT_EQ(rules("~b ~a -@all +config|set +config|get +get").key,
            rules("~a ~b -@all +get +config|get +config|set").key);
  EXPECT_EQ(rules("-@all (~k -@all +get +set) (~l +info)").key,
            rules("-@all (~k -@all +set +get) (~l +info)").key);
}

TEST(RedisAccessPolicy, AUserMayHaveAnyName) {
  EXPECT_TRUE(policy({"user (a) on nopass +get"}).parts.contains("user (a)"));
}

TEST(RedisAccessPolicy, TheOrderOfRulesThatOverlapIsADifference) {
  EXPECT_NE(rules("-@all +@read -get").key, rules("-@all -get +@read").key);
  EXPECT_NE(rules("-@all -config +config|get").key, rules("-@all +config|get -config").key);
  EXPECT_NE(rules("-@all +get -get").key, rules("-@all -get +get").key);
  EXPECT_NE(rules("-@all +config|get -config|get").key, rules("-@all -config|get +config|get").key);
  EXPECT_NE(rules("-@all (~k +get) (~l +set)").key, rules("-@all (~k +set) (~l +get)").key);
}

TEST(RedisAccessPolicy, WhatCannotBeReadSaysWhy) {
  EXPECT_EQ(redis_access_policy(error("NOPERM no"), "k").error().reason, Reason::permission);
  EXPECT_EQ(redis_access_policy(list({"nobody"}), "k").error().reason, Reason::protocol);
  EXPECT_EQ(redis_access_policy(list({"user nobody"}), "k").error().reason, Reason::protocol);
}

// What a server has run, besides INFO and our CONFIG GET.
std::optional<RedisWrites> writes(const std::string& infos, const std::string& others = "",
                                  const std::string& before = primary()) {
  return redis_writes(info(before + "cmdstat_info:calls=" + infos +
                           ",usec=7\r\ncmdstat_config|get:calls=2,usec=" + infos + "\r\n" +
                           others));
}

TEST(RedisWrites, WhatTellsOrServesChangesNothing) {
  const auto before = writes("4", "cmdstat_acl|list:calls=1,usec=2\r\n");
  const auto now = writes("5",
                          "cmdstat_acl|list:calls=3,usec=2\r\ncmdstat_acl|whoami:calls=1,usec=1\r\n"
                          "cmdstat_set:calls=9,usec=9\r\ncmdstat_module|list:calls=1,usec=1\r\n");
  ASSERT_TRUE(before && now);
  EXPECT_TRUE(is_unwritten(*before, *now));
}

TEST(RedisWrites, WhatChangesOrIsNotKnownIsAChange) {
  const auto before = writes("4");
  for (const auto* command : {"config|set", "config|new", "acl|setuser", "acl|load",
                              "module|loadex", "debug", "debug|new", "FT.CONFIG", "x.setacl"}) {
    const auto now = writes("5", std::string("cmdstat_") + command + ":calls=1,usec=1\r\n");
    ASSERT_TRUE(now);
    EXPECT_FALSE(is_unwritten(*before, *now)) << command;
  }
  const auto once = writes("5", "cmdstat_config|set:calls=1,usec=1\r\n");
  const auto twice = writes("6", "cmdstat_config|set:calls=2,usec=1\r\n");
  EXPECT_FALSE(is_unwritten(*once, *twice));
}

TEST(RedisWrites, AnotherProcessRoleOrHistoryIsAChangeAndSoAreStatisticsThatWereReset) {
  const auto before = writes("4");
  EXPECT_FALSE(is_unwritten(*before, *writes("5", "", replica())));
  EXPECT_FALSE(is_unwritten(*before, *writes("5", "run_id:" + kId + "\r\n")));
  EXPECT_FALSE(is_unwritten(*before, *writes("5", "master_replid:" + kOther + "\r\n")));
  EXPECT_FALSE(is_unwritten(*before, *writes("4")));
  EXPECT_FALSE(is_unwritten(*before, *writes("1")));
}

TEST(RedisWrites, WhereStatisticsWereEverResetNothingIsToldForTwoResetsMayReadAlike) {
  const std::string reset = "cmdstat_config|resetstat:calls=1,usec=7\r\n";
  EXPECT_FALSE(writes("4", reset));
}

TEST(RedisWrites, AServerThatDoesNotCountBySubcommandTellsNothing) {
  const auto without = [](const std::string& infos, const std::string& others) {
    return redis_writes(info(primary() + "cmdstat_info:calls=" + infos + ",usec=7\r\n" + others));
  };
  const auto before = without("4", "");
  ASSERT_TRUE(before);
  EXPECT_TRUE(is_unwritten(*before, *without("5", "cmdstat_config|get:calls=1,usec=7\r\n")));
  EXPECT_FALSE(is_unwritten(*before, *without("5", "")));
  EXPECT_FALSE(without("5", "cmdstat_config:calls=1,usec=7\r\n"));
  EXPECT_FALSE(redis_writes(info(primary() + "cmdstat_config|get:calls=2,usec=7\r\n")));
  EXPECT_FALSE(writes("many"));
}

TEST(RedisTraffic, OnAReplicaOnlyReadsCount) {
  const auto said = info(
      "total_commands_processed:5000\r\ncmdstat_set:calls=4000,usec=1\r\n"
      "cmdstat_get:calls=30,usec=1\r\ncmdstat_xinfo|stream:calls=2,usec=1\r\n"
      "cmdstat_info:calls=7,usec=1\r\nslave_read_only:1\r\n");
  EXPECT_EQ(redis_counter(said, Role::replica), 32U);
  EXPECT_EQ(redis_counter(said, Role::primary), 5000U);
}

TEST(RedisTraffic, WhatIsNotToldIsNotCounted) {
  EXPECT_FALSE(redis_counter(info("role:slave\r\n"), Role::replica));
  EXPECT_FALSE(redis_counter(info("cmdstat_get:calls=3\r\nslave_read_only:0\r\n"), Role::replica));
  EXPECT_FALSE(redis_counter(info("role:master\r\n"), Role::primary));
}

TEST(RedisTraffic, OurOwnCommandsAreNone) {
  RedisTraffic traffic;
  const auto first = traffic.requests(Role::primary, 100, 10);
  EXPECT_EQ(traffic.requests(Role::primary, 115, 25) - first, 0U);
  EXPECT_EQ(traffic.requests(Role::primary, 135, 40) - first, 5U);
}

TEST(RedisTraffic, NeverSinks) {
  RedisTraffic traffic;
  const auto first = traffic.requests(Role::primary, 100, 10);
  EXPECT_EQ(traffic.requests(Role::primary, 110, 25), first);       // ours, not counted yet
  EXPECT_EQ(traffic.requests(Role::primary, 7, 30), first + 7);     // a restart
  EXPECT_EQ(traffic.requests(Role::replica, 5000, 31), first + 7);  // another counter
  EXPECT_EQ(traffic.requests(Role::replica, 5003, 99), first + 10);
  EXPECT_EQ(traffic.requests(Role::primary, 90'000, 120), first + 10);
}

class RedisSettingsTest : public ConfigFolder {
 protected:
  std::string problem(const std::string& settings) {
    const auto config = load_config(
        write("config.yml",
              "services: [{name: s, nodes: [{name: n, address: a}], collect: [{redis: " + settings +
                  "}]}]"),
        collector_kinds());
    return config ? "" : config.error().message;
  }
};

TEST_F(RedisSettingsTest, NoneAreNeeded) {
  EXPECT_EQ(problem("{}"), "");
  EXPECT_EQ(problem("{user: u, password_file: pg.pass, port: 7, tls: {mode: verify-ca}}"), "");
  EXPECT_EQ(problem("{settings: [maxmemory, 'client-*', hash-max-listpack-entries]}"), "");
}

TEST_F(RedisSettingsTest, WhatIsWrongIsNamed) {
  EXPECT_NE(problem("{user: u}").find("password"), std::string::npos);
  EXPECT_NE(problem("{user: \"a b\", password_file: pg.pass}").find("ACL"), std::string::npos);
  EXPECT_NE(problem("{tls: {mode: on}}").find("verify-full"), std::string::npos);
  EXPECT_NE(problem("{tls: {cert_file: c}}").find("both"), std::string::npos);
  EXPECT_NE(problem("{prot: 1}").find("port"), std::string::npos);
  for (const auto* names : {"[]", "['']", "['a b']", "['a;b']", "maxmemory"})
    EXPECT_NE(problem(std::string("{settings: ") + names + "}").find("settings"), std::string::npos)
        << names;
  EXPECT_NE(problem("{settings: [\"a\\r\\nFLUSHALL\"]}"), "");
}

}  // namespace
}  // namespace mse
