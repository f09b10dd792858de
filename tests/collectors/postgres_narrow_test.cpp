// PostgreSQL's small readings: positions and links, replicas and slots, version, traffic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/postgres_downstreams.h"
#include "collectors/postgres_positions.h"
#include "collectors/postgres_software_version.h"
#include "collectors/postgres_traffic.h"

namespace mse {
namespace {

using std::chrono::seconds;

PostgresSelf self(Role role) {
  PostgresSelf out;
  out.identity.role = role;
  out.position = {"7711/1", 1000};
  return out;
}

Rows position_row(std::vector<std::optional<std::string>> row) {
  return {{"written", "receives", "status", "silent", "timeout"}, {std::move(row)}};
}

std::optional<bool> link_of(std::vector<std::optional<std::string>> row) {
  return parse_position(self(Role::replica), position_row(std::move(row))).value().link_up;
}

TEST(PostgresPositions, APrimaryIsWhereItHasWritten) {
  const auto reading =
      parse_position(self(Role::primary), position_row({"990", "f", {}, {}, "60.000"})).value();
  EXPECT_EQ(reading.position.bytes, 990U);
  EXPECT_EQ(reading.position.history, "7711/1");
  EXPECT_EQ(reading.link_up, std::nullopt);
}

TEST(PostgresPositions, AReplicaIsWhereItHasReplayed) {
  const auto reading =
      parse_position(self(Role::replica), position_row({{}, "t", "streaming", "1.5", "60.000"}))
          .value();
  EXPECT_EQ(reading.position.bytes, 1000U);
  EXPECT_EQ(reading.link_up, true);
}

TEST(PostgresPositions, AFrozenReceiverThatSaysStreamingIsNoLink) {
  EXPECT_EQ(link_of({{}, "t", "streaming", "59.9", "60.000"}), true);
  EXPECT_EQ(link_of({{}, "t", "streaming", "60.1", "60.000"}), false);
  EXPECT_EQ(link_of({{}, "t", "streaming", "3600", "0.000"}), true) << "the timeout is off";
}

TEST(PostgresPositions, WithoutAReceiverTheLinkIsDown) {
  EXPECT_EQ(link_of({{}, "f", {}, {}, "60.000"}), false);
  EXPECT_EQ(link_of({{}, "t", "waiting", "1", "60.000"}), false);
}

TEST(PostgresPositions, AHiddenReceiverSaysNothingOfTheLink) {
  EXPECT_EQ(link_of({{}, "t", {}, {}, "60.000"}), std::nullopt);
  EXPECT_EQ(link_of({{}, "t", "streaming", {}, "60.000"}), std::nullopt);
  EXPECT_EQ(link_of({{}, "t", "streaming", "soon", "60.000"}), std::nullopt);
}

TEST(PostgresPositions, HostileRepliesAreProtocolFailures) {
  const auto reason = [](Role role, Rows rows) {
    return parse_position(self(role), std::move(rows)).error().reason;
  };
  EXPECT_EQ(reason(Role::primary, position_row({{}, "f", {}, {}, {}})), Reason::protocol);
  EXPECT_EQ(reason(Role::primary, position_row({"-1", "f", {}, {}, {}})), Reason::protocol);
  EXPECT_EQ(reason(Role::replica, position_row({{}, {}, {}, {}, {}})), Reason::protocol);
  EXPECT_EQ(reason(Role::replica, Rows{{"written"}, {}}), Reason::protocol);
  EXPECT_EQ(reason(Role::replica, Rows{{"written", "receives", "status", "silent", "timeout"}, {}}),
            Reason::protocol);
}

Rows downstream_rows(std::vector<std::vector<std::optional<std::string>>> rows) {
  return {
      {"kind", "name", "caught_up", "write_lag", "flush_lag", "replay_lag", "active", "retained"},
      std::move(rows)};
}

TEST(PostgresDownstreams, AnUntoldLagIsZeroOnlyWhenCaughtUp) {
  const auto out =
      parse_downstreams(downstream_rows({{"replica", "a", "t", {}, {}, {}, {}, {}},
                                         {"replica", "b", "f", {}, "0.5", "2.25", {}, {}},
                                         {"replica", "c", {}, {}, {}, {}, {}, {}}}))
          .value();
  ASSERT_EQ(out.replicas.size(), 3U);
  EXPECT_EQ(out.replicas[0].replay_lag, Duration::zero());
  EXPECT_EQ(out.replicas[1].write_lag, std::nullopt);
  EXPECT_EQ(out.replicas[1].replay_lag, std::chrono::milliseconds(2250));
  EXPECT_EQ(out.replicas[2].replay_lag, std::nullopt);
}

TEST(PostgresDownstreams, SlotsTellWhatTheyRetain) {
  const auto out =
      parse_downstreams(downstream_rows({{"slot", "s1", {}, {}, {}, {}, "t", "3245648"},
                                         {"slot", "lost", {}, {}, {}, {}, "f", {}}}))
          .value();
  ASSERT_EQ(out.slots.size(), 2U);
  EXPECT_TRUE(out.slots[0].active);
  EXPECT_EQ(out.slots[0].retained_bytes, 3245648U);
  EXPECT_FALSE(out.slots[1].active);
  EXPECT_EQ(out.slots[1].retained_bytes, std::nullopt);
}

TEST(PostgresDownstreams, NamesThatRepeatAreKeptApart) {
  const auto out =
      parse_downstreams(downstream_rows({{"replica", "walreceiver", "t", {}, {}, {}, {}, {}},
                                         {"replica", "walreceiver", "t", {}, {}, {}, {}, {}},
                                         {"replica", "w\xff", "t", {}, {}, {}, {}, {}}}))
          .value();
  EXPECT_EQ(out.replicas[0].name, "walreceiver");
  EXPECT_EQ(out.replicas[1].name, "walreceiver#2");
  EXPECT_EQ(out.replicas[2].name, "w\xEF\xBF\xBD");
}

TEST(PostgresDownstreams, PeersAreReplicasWhoseAddressCanBeTold) {
  const Rows rows{{"kind", "name", "address"},
                  {{"replica", "pg-3", "10.0.0.3:5432"},
                   {"replica", "walreceiver", "[fd00::2]:5432"},
                   {"replica", "local", {}},
                   {"slot", "s1", {}}}};
  const auto peers = parse_peers(rows).value();
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0].name, "pg-3");
  EXPECT_EQ(peers[0].address, "10.0.0.3:5432");
  EXPECT_EQ(peers[1].address, "[fd00::2]:5432");
  const std::vector<std::vector<std::optional<std::string>>> many(1000, {"replica", "r", "a:1"});
  EXPECT_EQ(parse_peers({{"kind", "name", "address"}, many}).value().size(), 64U);
  EXPECT_FALSE(parse_peers({{"kind", "name"}, {}}));
}

TEST(PostgresDownstreams, AreCappedAndDistrusted) {
  std::vector<std::vector<std::optional<std::string>>> many(
      1000, {"slot", "s", {}, {}, {}, {}, "t", "1"});
  EXPECT_EQ(parse_downstreams(downstream_rows(many)).value().slots.size(), 64U);
  const auto hostile =
      parse_downstreams(downstream_rows({{"replica", "a", "f", "-3", "1e300", "x", {}, {}}}));
  EXPECT_EQ(hostile->replicas[0].write_lag, std::nullopt);
  EXPECT_EQ(hostile->replicas[0].flush_lag, std::nullopt);
  EXPECT_EQ(hostile->replicas[0].replay_lag, std::nullopt);
  EXPECT_FALSE(parse_downstreams(downstream_rows({{"x", "a", {}, {}, {}, {}, {}, {}}})));
  EXPECT_FALSE(parse_downstreams(downstream_rows({{"slot", {}, {}, {}, {}, {}, {}, {}}})));
}

State version(const std::string& text) {
  return parse_software_version(Rows{{"version"}, {{text}}}).value();
}

TEST(PostgresSoftwareVersion, TheDistributionsSuffixIsDropped) {
  EXPECT_EQ(version("15.20 (Debian 15.20-0+deb12u1)").key, version("15.20").key);
  EXPECT_EQ(version("15.20 (Debian 15.20-0+deb12u1)").text, "15.20");
  EXPECT_NE(version("15.20").key, version("15.2").key);
  EXPECT_EQ(version("17beta2").text, "17beta2");
}

TEST(PostgresSoftwareVersion, HostileRepliesAreProtocolFailures) {
  for (auto& rows : std::vector<Rows>{{{"version"}, {}},
                                      {{"version"}, {{std::nullopt}}},
                                      {{"version"}, {{""}}},
                                      {{"version"}, {{" x"}}},
                                      {{"version"}, {{"15"}, {"16"}}},
                                      {{"v"}, {{"15"}}}}) {
    EXPECT_EQ(parse_software_version(rows).error().reason, Reason::protocol);
  }
  EXPECT_LT(version(std::string(1U << 20U, '1')).text.size(), 64U);
}

TEST(PostgresTraffic, OurOwnStatementsAreSubtracted) {
  PostgresTraffic traffic;
  const auto first = traffic.requests(1000, 10);
  EXPECT_EQ(traffic.requests(1150, 30) - first, 130U);
}

TEST(PostgresTraffic, NeverSinksWhileTheServerHasNotCountedUsYet) {
  PostgresTraffic traffic;
  const auto first = traffic.requests(1000, 0);
  EXPECT_EQ(traffic.requests(1000, 5), first);
  EXPECT_EQ(traffic.requests(1005, 5), first);
  EXPECT_EQ(traffic.requests(1006, 5), first + 1);
}

TEST(PostgresTraffic, AResetCountsFromZero) {
  PostgresTraffic traffic;
  traffic.requests(1000, 500);
  EXPECT_EQ(traffic.requests(40, 510), 40U);
  EXPECT_EQ(traffic.requests(60, 520), 50U);
}

TEST(PostgresTraffic, HostileRepliesAreProtocolFailures) {
  EXPECT_EQ(parse_transactions(Rows{{"transactions"}, {{"12"}}}).value(), 12U);
  for (auto& rows : std::vector<Rows>{{{"transactions"}, {}},
                                      {{"transactions"}, {{std::nullopt}}},
                                      {{"transactions"}, {{"-1"}}},
                                      {{"transactions"}, {{"1"}, {"2"}}},
                                      {{}, {}}}) {
    EXPECT_EQ(parse_transactions(rows).error().reason, Reason::protocol);
  }
}

}  // namespace
}  // namespace mse
