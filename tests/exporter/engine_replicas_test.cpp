// Replicas that a primary names become nodes.
#include <gmock/gmock.h>

#include <asio/co_spawn.hpp>

#include "engine_discovery.h"
#include "exporter/discovery_replicas.h"

namespace mse {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

using Names = std::vector<std::string>;
constexpr auto* kPrimary = "10.0.0.1:5432";
constexpr auto* kFirst = "10.0.0.2:5432";
constexpr auto* kSecond = "10.0.0.3:5432";

class EngineReplicas : public EngineDiscovery {
 protected:
  void primary(const std::string& address, const std::vector<Peer>& peers) {
    auto& report = node(address).report;
    report.identity = Identity{Role::primary, "g", address, "1"};
    report.peers = peers;
  }
  void replica(const std::string& address) {
    auto& report = node(address).report;
    report.identity = Identity{Role::replica, "g", address, "1"};
    report.peers.reset();
  }
  static Peer peer(const std::string& address, const std::string& name = "walreceiver") {
    return {name, address};
  }
  // Configured nodes, named as their address.
  Config beside(const Names& configured) {
    auto made = config(configured);
    made.services.front().settings.discover->source = ReplicaDiscovery{};
    return made;
  }
};

TEST_F(EngineReplicas, AreFoundOnThePrimaryAndPolled) {
  primary(kPrimary, {peer(kFirst), peer(kSecond)});
  replica(kFirst);
  replica(kSecond);
  start(beside({kPrimary}));
  ASSERT_TRUE(until_shown({kPrimary, kFirst, kSecond}));
  EXPECT_FALSE(only().nodes[0].ephemeral);
  EXPECT_TRUE(only().nodes[1].ephemeral);
  EXPECT_TRUE(until([&] { return nodes->at(kSecond)->poll_calls.ended > 1; }));
}

TEST_F(EngineReplicas, ThatAreConfiguredAreNotCountedTwice) {
  primary(kPrimary, {peer(kFirst), peer("10.0.0.9:5432", kSecond), peer("no address")});
  replica(kFirst);
  replica(kSecond);
  start(beside({kPrimary, kFirst, kSecond}));
  ASSERT_TRUE(until([&] { return last->services.size() == 1 && only().discovery_up == true; }));
  EXPECT_EQ(shown(), (Names{kPrimary, kFirst, kSecond}));
}

TEST_F(EngineReplicas, StayWhileTheyAnswerThoughTheirLinkBroke) {
  primary(kPrimary, {peer(kFirst), peer(kSecond)});
  replica(kFirst);
  replica(kSecond);
  start(beside({kPrimary}));
  ASSERT_TRUE(until_shown({kPrimary, kFirst, kSecond}));
  ASSERT_TRUE(until([&] { return nodes->at(kSecond)->poll_calls.ended > 1; }));
  primary(kPrimary, {peer(kFirst)});
  const auto polls = nodes->at(kSecond)->poll_calls.ended;
  ASSERT_TRUE(until([&] { return nodes->at(kSecond)->poll_calls.ended > polls + 5; }));
  EXPECT_EQ(shown(), (Names{kPrimary, kFirst, kSecond}));
  nodes->at(kSecond)->polls = {{Does::What::fails, Reason::refused}};
  ASSERT_TRUE(until_shown({kPrimary, kFirst})) << "neither named nor there";
}

TEST_F(EngineReplicas, OneThatIsPromotedStays) {
  primary(kPrimary, {peer(kFirst)});
  replica(kFirst);
  start(beside({kPrimary}));
  ASSERT_TRUE(until_shown({kPrimary, kFirst}));
  nodes->at(kPrimary)->polls = {{Does::What::fails, Reason::refused}};
  replica(kSecond);
  primary(kFirst, {peer(kSecond)});
  ASSERT_TRUE(until_shown({kPrimary, kFirst, kSecond}));
  replica(kPrimary);
  nodes->at(kPrimary)->polls = {{}};
  primary(kFirst, {peer(kSecond), peer(kPrimary)});
  const auto polls = nodes->at(kPrimary)->poll_calls.ended;
  ASSERT_TRUE(until([&] { return nodes->at(kPrimary)->poll_calls.ended > polls + 5; }));
  EXPECT_EQ(shown(), (Names{kPrimary, kFirst, kSecond}));
}

TEST_F(EngineReplicas, ConfiguredNodesAreShownThoughNoPrimaryNamesAny) {
  replica(kFirst);
  start(beside({kFirst}));
  ASSERT_TRUE(until_shown({kFirst}));
  EXPECT_TRUE(until([&] { return only().discovery_up == false; }));
}

class Replicas : public testing::Test {
 protected:
  Polled<std::shared_ptr<const FoundNodes>> find(DiscoveredReplicas& replicas) {
    std::optional<Polled<std::shared_ptr<const FoundNodes>>> result;
    asio::co_spawn(io, replicas.find(std::chrono::steady_clock::now() + seconds(5)),
                   [&](const std::exception_ptr&, auto found) { result = std::move(found); });
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); }));
    return *result;
  }
  static asio::awaitable<Polled<Addresses>> lookup(std::string host, Mono /*deadline*/) {
    if (host == "gone") co_return tl::unexpected(Failure{Reason::dns, "no such host"});
    co_return Addresses(1, asio::ip::make_address("10.0.0.2"));
  }
  Names found(const NodeSettings& configured) {
    DiscoveredReplicas replicas({}, {configured}, &lookup);
    replicas.told({"p", "p", {}, true}, "fake", std::vector<Peer>{{"r", kFirst}, {"r", kSecond}});
    const auto all = find(replicas);
    if (!all) return {all.error().text};
    Names names;
    for (const auto& node : (*all)->nodes) names.push_back(node.name);
    return names;
  }

  asio::io_context io;
};

TEST_F(Replicas, AConfiguredNameStandsForWhatItResolvesTo) {
  EXPECT_THAT(found({"pg-2", "pg-2.test", {}, true}), ElementsAre(kSecond, "p"));
  EXPECT_THAT(found({"pg-2", "pg-2.test:5432", {}, true}), ElementsAre(kSecond, "p"));
  EXPECT_THAT(found({"pg-2", "pg-2.test:5433", {}, true}), ElementsAre(kFirst, kSecond, "p"));
  EXPECT_THAT(found({"pg-2", "/run/postgresql", {}, true}), ElementsAre(kFirst, kSecond, "p"));
}

TEST_F(Replicas, AtAddressesThatAreAnotherMachineToUsAreNotFound) {
  const auto found_by = [&](const std::string& primary, const std::string& address) {
    DiscoveredReplicas replicas({}, {{"p", primary, {}, true}}, &lookup);
    replicas.told({"p", primary, {}, true}, "fake", std::vector<Peer>{{"r", address}});
    return find(replicas).value()->nodes.size();
  };
  for (const char* address :
       {"127.0.0.1:6380", "[::1]:6380", "localhost:6380", "169.254.169.254:80", "[fe80::1]:6380",
        "0.0.0.0:6380", "[::]:6380", "[::ffff:127.0.0.1]:6380", "224.0.0.1:6380", "/run/redis:1"})
    EXPECT_EQ(found_by("10.0.0.1:6379", address), 0U) << address;
  for (const char* address : {"10.0.0.2:6380", "[fd00::2]:6380", "redis-2:6380"})
    EXPECT_EQ(found_by("10.0.0.1:6379", address), 1U) << address;
  EXPECT_EQ(found_by("127.0.0.1:6379", "127.0.0.1:6380"), 1U) << "a primary on this machine";
  EXPECT_EQ(found_by("localhost:6379", "127.0.0.1:6380"), 1U);
}

TEST_F(Replicas, AConfiguredNameThatCannotBeResolvedFailsTheRead) {
  EXPECT_THAT(found({"pg-2", "gone", {}, true}), ElementsAre("no such host"));
}

}  // namespace
}  // namespace mse
