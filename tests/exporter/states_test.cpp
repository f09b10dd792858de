// States held once, named by words, and compared part by part.
#include "exporter/states.h"

#include <gtest/gtest.h>

#include "exporter/sighting.h"

namespace mse {
namespace {

using std::chrono::seconds;

State state(std::uint64_t fingerprint, const std::string& text,
            std::map<std::string, std::string> parts = {}, const std::string& secret = "") {
  return {{fingerprint, secret}, text, std::move(parts)};
}

std::vector<std::string> keys(const State& one, const State& other) {
  return differing_keys(one, other).list();
}

TEST(StateTable, EqualStatesAreOneObject) {
  StateTable table;
  EXPECT_EQ(table.intern(state(7, "41")), table.intern(state(7, "41")));
  EXPECT_EQ(table.size(), 1U);
}

TEST(StateTable, StatesThatDifferInSecretsAloneAreTwo) {
  StateTable table;
  EXPECT_NE(table.intern(state(7, "x", {}, "s1")), table.intern(state(7, "x", {}, "s2")));
}

TEST(StateTable, AbsentIsAStateOfItsOwn) {
  StateTable table;
  const StateRef absent = table.absent();
  EXPECT_EQ(absent, table.absent());
  EXPECT_EQ(absent->key, StateKey{});
  EXPECT_EQ(absent->text, "absent");
  EXPECT_NE(absent, table.intern(state(7, "41")));
}

TEST(StateTable, ForgetsOnlyWhatNobodyHolds) {
  StateTable table;
  const StateRef held = table.intern(state(7, "41"));
  table.intern(state(8, "42"));
  table.forget_unused();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.intern(state(7, "41")), held);
}

TEST(StateWord, NamesAStateByItsShortText) {
  EXPECT_TRUE(StateWord("41").names(state(7, "41")));
  EXPECT_FALSE(StateWord("41").names(state(7, "410")));
}

TEST(StateWord, NamesAStateByItsDecimalFingerprint) {
  EXPECT_TRUE(StateWord("281474976710655").names(state(281474976710655, "x")));
  EXPECT_FALSE(StateWord("281474976710655").names(state(7, "x")));
}

TEST(StateWord, IsNoFingerprintWhenMoreThanDigits) {
  for (const char* text : {"7 ", " 7", "+7", "-7", "0x7", "7.0", "99999999999999999999999"})
    EXPECT_FALSE(StateWord(text).names(state(7, "x"))) << text;
}

TEST(StateWord, EmptyNamesNothing) {
  EXPECT_FALSE(StateWord().names(state(7, "")));
  EXPECT_FALSE(StateWord("").names(state(0, "")));
}

TEST(StateWord, ZeroIsNotTheFingerprintOfAbsent) {
  EXPECT_FALSE(StateWord("0").names(state(0, "absent")));
  EXPECT_TRUE(StateWord("absent").names(state(0, "absent")));
}

TEST(DifferingKeys, AreThoseWithAnotherDigestOrOnOneSideOnly) {
  const State one = state(7, "x", {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"e", "1"}});
  const State other = state(8, "y", {{"b", "2"}, {"c", "1"}, {"d", "1"}, {"f", "1"}});
  const std::vector<std::string> expected{"a", "b", "d", "e", "f"};
  EXPECT_EQ(keys(one, other), expected);
  EXPECT_EQ(keys(other, one), expected);
}

TEST(DifferingKeys, AreNoneOfStatesWithoutParts) {
  EXPECT_TRUE(keys(state(7, "41"), state(8, "42")).empty());
}

TEST(DifferingKeys, AreNoneAgainstAbsentForNoPartIsToBlame) {
  EXPECT_TRUE(keys(state(0, "absent"), state(8, "x", {{"a", "1"}})).empty());
}

TEST(DifferingKeys, AreAllOfTheFullSideAgainstAnEmptyState) {
  EXPECT_EQ(keys(state(7, "empty"), state(8, "x", {{"a", "1"}})), std::vector<std::string>{"a"});
}

// Sightings.

Now at(int s) {
  return {Mono{} + seconds(s), Wall{} + seconds(1000 + s)};
}

struct Seen : ::testing::Test {
  StateRef one = std::make_shared<const State>(state(1, "1"));
  StateRef two = std::make_shared<const State>(state(2, "2"));
  Sighting sighting{Mono{} + seconds(5)};

  void see(const StateRef& ref, int s) { sighting.see(ref, false, std::nullopt, at(s)); }
};

TEST_F(Seen, IsStaleSinceItJoinedUntilTheFirstPoll) {
  EXPECT_FALSE(sighting.polled());
  EXPECT_EQ(sighting.state(), nullptr);
  EXPECT_EQ(sighting.reason(), Reason::stale);
  EXPECT_EQ(sighting.unknown_since(), at(5).mono);
}

TEST_F(Seen, IsConfirmedByTwoConsecutiveEqualPolls) {
  see(one, 10);
  EXPECT_EQ(sighting.state(), one);
  EXPECT_FALSE(sighting.confirmed());
  see(one, 20);
  EXPECT_TRUE(sighting.confirmed());
  EXPECT_EQ(sighting.first().mono, at(10).mono);
  EXPECT_EQ(sighting.first().wall, at(10).wall);
}

TEST_F(Seen, StartsItsRunAnewWithAnotherState) {
  see(one, 10);
  see(one, 20);
  see(two, 30);
  EXPECT_FALSE(sighting.confirmed());
  EXPECT_EQ(sighting.first().mono, at(30).mono);
}

TEST_F(Seen, AFailedPollMakesItUnknownAtOnce) {
  see(one, 10);
  sighting.miss(Reason::permission, at(20).mono);
  EXPECT_EQ(sighting.state(), nullptr);
  EXPECT_EQ(sighting.reason(), Reason::permission);
  EXPECT_EQ(sighting.unknown_since(), at(20).mono);
}

TEST_F(Seen, AnUnknownPollBetweenTwoEqualOnesBreaksTheRun) {
  see(one, 10);
  sighting.miss(Reason::reset, at(20).mono);
  see(one, 30);
  EXPECT_FALSE(sighting.confirmed());
}

TEST_F(Seen, StaysUnknownSinceTheFirstOfSeveralFailures) {
  see(one, 10);
  sighting.miss(Reason::reset, at(20).mono);
  sighting.miss(Reason::refused, at(30).mono);
  EXPECT_EQ(sighting.unknown_since(), at(20).mono);
  EXPECT_EQ(sighting.reason(), Reason::refused);
}

TEST_F(Seen, IsStaleOnlyWhenOlderThanItsLimit) {
  see(one, 10);
  sighting.expire(at(70).mono, seconds(60));
  EXPECT_EQ(sighting.state(), one);
  sighting.expire(at(71).mono, seconds(60));
  EXPECT_EQ(sighting.state(), nullptr);
  EXPECT_EQ(sighting.reason(), Reason::stale);
  EXPECT_EQ(sighting.unknown_since(), at(70).mono);
}

TEST_F(Seen, AKnownReasonIsNotReplacedByStale) {
  sighting.miss(Reason::tls, at(10).mono);
  sighting.expire(at(1000).mono, seconds(60));
  EXPECT_EQ(sighting.reason(), Reason::tls);
}

TEST_F(Seen, ForgetsThePositionOfAStateItCannotReadAnyMore) {
  sighting.see(one, true, Position{"1", 100}, at(10));
  EXPECT_EQ(sighting.position()->bytes, 100U);
  sighting.miss(Reason::reset, at(20).mono);
  EXPECT_FALSE(sighting.position());
}

}  // namespace
}  // namespace mse
