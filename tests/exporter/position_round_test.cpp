// Coordinated position rounds, through the poller.
#include <gmock/gmock.h>

#include <set>

#include "tests/exporter/poller_fixture.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::SizeIs;

class PositionRounds : public PollerFixture {
 protected:
  PositionRounds() { cadences.poll_interval = hours(1); }

  // The first round from now on that holds these nodes and no others.
  bool comes(const std::set<std::string>& expected) {
    const std::size_t before = rounds.size();
    return until([&] {
      return std::any_of(rounds.begin() + static_cast<std::ptrdiff_t>(before), rounds.end(),
                         [&](const auto& round) { return names(round) == expected; });
    });
  }

  static std::set<std::string> names(const std::map<std::string, PositionReading>& round) {
    std::set<std::string> found;
    for (const auto& [name, reading] : round) found.insert(name);
    return found;
  }
};

TEST_F(PositionRounds, ReplicasAreReadBeforeTheirPrimary) {
  member("a-primary", Role::primary, "g");
  member("b-replica", Role::replica, "g");
  member("c-replica", Role::replica, "g");
  start(targets(true));
  ASSERT_TRUE(comes({"a-primary", "b-replica", "c-replica"}));
  const auto& round = rounds.back();
  EXPECT_LE(round.at("b-replica").at, round.at("a-primary").at);
  EXPECT_LE(round.at("c-replica").at, round.at("a-primary").at);
}

TEST_F(PositionRounds, ComeEveryPositionInterval) {
  auto& pg = member("pg-1", Role::replica, "g");
  start(targets(true));
  ASSERT_TRUE(until([&] { return pg.position_times.size() == 6; }));
  EXPECT_GT(pg.position_times[5] - pg.position_times[1], milliseconds(130));
  EXPECT_EQ(polls_of("pg-1"), 1U) << "rounds do not poll";
  EXPECT_EQ(pg.opened, 1);
}

TEST_F(PositionRounds, BeginForAPrimaryWithItsFirstReplica) {
  cadences.poll_interval = milliseconds(20);
  auto& primary = member("pg-1", Role::primary, "g");
  start(targets(true));
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 5; }));
  EXPECT_EQ(primary.position_calls.begun, 0) << "nobody can lag behind it";
  member("pg-2", Role::replica, "g");
  poller->poll(targets(true), cadences);
  EXPECT_TRUE(comes({"pg-1", "pg-2"}));
}

TEST_F(PositionRounds, AServiceWithoutPositionsHasNone) {
  cadences.poll_interval = milliseconds(20);
  member("pg-1", Role::primary, "g");
  start(targets(false));
  ASSERT_TRUE(until([&] { return polls_of("pg-1") == 10; }));
  EXPECT_THAT(rounds, SizeIs(0));
}

TEST_F(PositionRounds, ANodeThatNeverAnsweredIsLeftOut) {
  member("pg-1", Role::primary, "g");
  auto& down = member("down", Role::replica, "g");
  down.polls = {{Does::What::fails, Reason::refused}};
  start(targets(true));
  ASSERT_TRUE(comes({"pg-1"}));
  EXPECT_EQ(down.position_calls.begun, 0);
}

TEST_F(PositionRounds, AReplicaThatHangsMissesTheRoundAndTheOthersDoNot) {
  member("a-primary", Role::primary, "g");
  member("b-replica", Role::replica, "g");
  auto& hung = member("c-hung", Role::replica, "g");
  hung.positions = {{Does::What::ignores}, {}};
  start(targets(true));
  ASSERT_TRUE(until([&] { return hung.position_calls.running() == 1; }));
  ASSERT_TRUE(comes({"a-primary", "b-replica"}));
  const auto before = rounds.size();
  ASSERT_TRUE(until([&] { return rounds.size() > before + 3; }));
  EXPECT_EQ(hung.position_calls.begun, 1) << "rounds never pile up on it";
  hung.release();
  EXPECT_TRUE(comes({"a-primary", "b-replica", "c-hung"}));
}

TEST_F(PositionRounds, AnAnswerThatCameTooLateForItsRoundIsInNoOther) {
  cadences.position_interval = milliseconds(60);
  auto& late = member("late", Role::replica, "g");
  late.positions = {{Does::What::ignores}, {Does::What::fails, Reason::reset}};
  limits.backoff = {hours(1), hours(1)};
  start(targets(true));
  ASSERT_TRUE(until([&] { return late.position_calls.running() == 1; }));
  const auto before = rounds.size();
  ASSERT_TRUE(until([&] { return rounds.size() > before + 1; }));
  late.release();
  ASSERT_TRUE(until([&] { return late.position_calls.begun == 2 && rounds.size() > before + 4; }));
  for (const auto& round : rounds) EXPECT_THAT(round, SizeIs(0));
}

TEST_F(PositionRounds, GroupsDoNotWaitForEachOther) {
  cadences.position_interval = milliseconds(400);
  auto& hung = member("a-hung", Role::replica, "a");
  hung.positions = {{Does::What::hangs}};
  auto& slow_primary = member("a-primary", Role::primary, "a");
  auto& other = member("b-replica", Role::replica, "b");
  start(targets(true));
  ASSERT_TRUE(
      until([&] { return !slow_primary.position_times.empty() && !other.position_times.empty(); }));
  EXPECT_GT(slow_primary.position_times[0] - other.position_times[0], milliseconds(100));
}

TEST_F(PositionRounds, AFailingMemberBacksOffAndDoesNotDelayTheRound) {
  limits.backoff = {hours(1), hours(1)};
  member("a-primary", Role::primary, "g");
  auto& failing = member("b-failing", Role::replica, "g");
  failing.positions = {{Does::What::fails, Reason::reset}};
  start(targets(true));
  ASSERT_TRUE(until([&] { return failing.position_calls.ended == 1; }));
  const auto before = rounds.size();
  ASSERT_TRUE(until([&] { return rounds.size() > before + 5; }));
  EXPECT_EQ(failing.position_calls.begun, 1);
  EXPECT_EQ(names(rounds.back()), std::set<std::string>{"a-primary"});
}

TEST_F(PositionRounds, AFailingMemberComesBack) {
  auto& failing = member("pg-1", Role::replica, "g");
  failing.positions = {{Does::What::fails, Reason::reset}, {Does::What::throws}, {}};
  start(targets(true));
  EXPECT_TRUE(comes({"pg-1"}));
}

TEST_F(PositionRounds, FollowTheRolesThatPositionsTell) {
  auto& was = member("a", Role::primary, "g");
  auto& is = member("b", Role::replica, "g");
  start(targets(true));
  ASSERT_TRUE(comes({"a", "b"}));
  was.position.identity.role = Role::replica;
  is.position.identity.role = Role::primary;
  const auto before = rounds.size();
  ASSERT_TRUE(until([&] { return rounds.size() > before + 3; }));
  ASSERT_TRUE(comes({"a", "b"}));
  EXPECT_LE(rounds.back().at("a").at, rounds.back().at("b").at);
}

TEST_F(PositionRounds, AHeavyPollDoesNotDelayThem) {
  auto& busy = member("pg-1", Role::replica, "g");
  cadences.poll_interval = milliseconds(20);
  busy.polls = {{}, {Does::What::hangs}};
  start(targets(true));
  ASSERT_TRUE(until([&] { return busy.poll_calls.running() == 1; }));
  EXPECT_TRUE(comes({"pg-1"}));
  EXPECT_TRUE(comes({"pg-1"}));
  EXPECT_EQ(busy.poll_calls.running(), 1);
}

TEST_F(PositionRounds, EndWithTheLastTargetThatHasPositions) {
  auto& gone = member("pg-1", Role::replica, "g");
  member("pg-2", Role::replica, "h");
  start(targets(true));
  ASSERT_TRUE(comes({"pg-1", "pg-2"}));
  cadences.poll_interval = milliseconds(20);
  poller->poll({target("pg-2", false)}, cadences);
  const auto before = rounds.size();
  const auto polls = polls_of("pg-2");
  ASSERT_TRUE(until([&] { return polls_of("pg-2") > polls + 10; }));
  EXPECT_EQ(rounds.size(), before);
  EXPECT_EQ(gone.closed, 1);
  poller->poll(targets(true), cadences);
  EXPECT_TRUE(comes({"pg-1", "pg-2"}));
}

}  // namespace
}  // namespace mse
