// The canonical state of a group under each policy, and its edges.
#include "exporter/canonical.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Mono at(Duration since_start) {
  return Mono{} + std::chrono::hours(1) + since_start;
}

struct CanonicalOf : ::testing::Test {
  StateRef a = std::make_shared<const State>(State{{1, ""}, "A", {}});
  StateRef b = std::make_shared<const State>(State{{2, ""}, "B", {}});
  StateRef c = std::make_shared<const State>(State{{3, ""}, "C", {}});
  Canonical canonical;
  Canonical::Rules rules{PolicyKind::majority, minutes(10), false, false};

  // Nodes that serve, seen in two equal polls.
  static Census of(const std::vector<StateRef>& states) {
    Census census;
    for (const StateRef& state : states) census.count(state, true, true);
    return census;
  }
  static Census with_primary(const StateRef& primary, const std::vector<StateRef>& replicas) {
    Census census = of(replicas);
    census.count(primary, true, true);
    census.count_primary(primary, false);
    return census;
  }
  Found majority(const Census& census, Duration when = {}) {
    return canonical.decide(census, rules, at(when));
  }
  Found primary(const Census& census, Duration when = {}) {
    rules.policy = PolicyKind::primary;
    return canonical.decide(census, rules, at(when));
  }
  Found declared(const Census& census, Duration when = {}) {
    rules.policy = PolicyKind::declared;
    return canonical.decide(census, rules, at(when));
  }
};

using Majority = CanonicalOf;
using Primary = CanonicalOf;
using DeclaredPolicy = CanonicalOf;

TEST_F(Majority, IsMoreThanHalf) {
  EXPECT_EQ(majority(of({a, a, b})).state, a);
}

TEST_F(Majority, HalfIsNotMoreThanHalf) {
  const Found found = majority(of({a, a, b, b}));
  EXPECT_EQ(found.state, nullptr);
  EXPECT_EQ(found.missing, NoCanonical::no_majority);
}

TEST_F(Majority, CountsUnknownNodesInTheInventory) {
  EXPECT_EQ(majority(of({a, a, nullptr, nullptr})).missing, NoCanonical::no_majority);
  EXPECT_EQ(majority(of({a, a, a, nullptr, nullptr})).state, a);
}

TEST_F(Majority, NodesThatDoNotServeWeighNothing) {
  Census census = of({a});
  census.count(b, false, true);
  census.count(b, false, true);
  EXPECT_EQ(majority(census).state, a);
}

TEST_F(Majority, NeedsTwoEqualPollsOfEachNodeItCounts) {
  majority(of({a, a, b}));
  Census once = of({b});
  once.count(b, true, false);
  once.count(a, true, true);
  EXPECT_EQ(majority(once).state, a);
  EXPECT_EQ(majority(of({b, b, a})).state, b);
}

TEST_F(Majority, OfTheFirstRoundNeedsNoSecondPoll) {
  Census once;
  for (int i = 0; i < 3; ++i) once.count(a, true, false);
  EXPECT_EQ(majority(once).missing, NoCanonical::no_majority);
  rules.first = true;
  EXPECT_EQ(majority(once).state, a);
}

TEST_F(Majority, ThatIsLostLeavesThePreviousCanonical) {
  majority(of({a, a, b}));
  EXPECT_EQ(majority(of({a, b})).state, a);
  EXPECT_EQ(majority(of({nullptr, nullptr})).state, a);
  EXPECT_EQ(majority(of({b, c})).state, a);
}

TEST_F(Majority, SurvivesZeroNodes) {
  majority(of({a, a}));
  EXPECT_EQ(majority(of({}), minutes(600)).state, a);
}

TEST_F(Majority, WithoutNodesAndWithoutHistoryIsMissingForThatReason) {
  EXPECT_EQ(majority(of({})).missing, NoCanonical::no_nodes);
}

TEST_F(Majority, DoesNotMoveWhileNodesAreInGrace) {
  majority(of({a, a, a}));
  rules.frozen = true;
  EXPECT_EQ(majority(of({b, b})).state, a);
  rules.frozen = false;
  EXPECT_EQ(majority(of({b, b})).state, b);
}

TEST_F(Majority, StartsFromWhatAClosedChangeLeft) {
  majority(of({a, a}));
  canonical.hold(b, at({}));
  EXPECT_EQ(majority(of({a, b})).state, b);
  EXPECT_EQ(majority(of({a, a, b})).state, a);
}

TEST_F(Primary, StateIsFollowedAtItsFirstPoll) {
  EXPECT_EQ(primary(with_primary(a, {b, b, b})).state, a);
  Census moved = of({a, a});
  moved.count(b, true, false);
  moved.count_primary(b, false);
  EXPECT_EQ(primary(moved).state, b);
}

TEST_F(Primary, LastStateIsKeptForTwiceTheConvergenceObjective) {
  primary(with_primary(a, {}));
  EXPECT_EQ(primary(of({b, b}), minutes(10)).state, a);
  const Found gone = primary(of({b, b}), minutes(10) + seconds(1));
  EXPECT_EQ(gone.state, nullptr);
  EXPECT_EQ(gone.missing, NoCanonical::no_primary);
}

TEST_F(Primary, IsMissingAtOnceWhenThereNeverWasOne) {
  EXPECT_EQ(primary(of({a, a})).missing, NoCanonical::no_primary);
}

TEST_F(Primary, WhoseStateIsUnknownIsNone) {
  primary(with_primary(a, {}));
  EXPECT_EQ(primary(with_primary(nullptr, {b}), minutes(1)).state, a);
  EXPECT_EQ(primary(with_primary(nullptr, {b}), minutes(11)).missing, NoCanonical::no_primary);
}

TEST_F(Primary, TwoOfOneGroupGiveNoCanonicalEvenWhenTheyAgree) {
  primary(with_primary(a, {}));
  Census two = of({a, a});
  two.count_primary(a, true);
  two.count_primary(a, true);
  EXPECT_EQ(primary(two).missing, NoCanonical::two_primaries);
}

TEST_F(Primary, OfSeveralGroupsMustAgree) {
  Census agreeing = of({a, a});
  agreeing.count_primary(a, false);
  agreeing.count_primary(a, false);
  EXPECT_EQ(primary(agreeing).state, a);
  Census other = of({a, b});
  other.count_primary(a, false);
  other.count_primary(b, false);
  canonical = {};
  EXPECT_EQ(primary(other).missing, NoCanonical::no_primary);
}

TEST_F(Primary, IsNotAwaitedWhileNodesAreInGraceOrGone) {
  primary(with_primary(a, {}));
  rules.frozen = true;
  EXPECT_EQ(primary(of({b}), minutes(60)).state, a);
  rules.frozen = false;
  EXPECT_EQ(primary(of({}), minutes(120)).state, a);
  EXPECT_EQ(primary(of({b}), minutes(129)).state, a);
  EXPECT_EQ(primary(of({b}), minutes(131)).missing, NoCanonical::no_primary);
}

TEST_F(DeclaredPolicy, StateIsMatchedByItsText) {
  canonical.declare(StateWord("B"));
  EXPECT_EQ(declared(of({a, a, b})).state, b);
}

TEST_F(DeclaredPolicy, TextThatNoNodeHasShownIsCanonicalAllTheSame) {
  canonical.declare(StateWord("Z"));
  const Found found = declared(of({a, a}));
  EXPECT_EQ(found.state, nullptr);
  EXPECT_EQ(found.text, "Z");
  EXPECT_FALSE(found.missing);
}

TEST_F(DeclaredPolicy, StateStaysKnownWhenItsLastNodeIsGone) {
  canonical.declare(StateWord("A"));
  declared(of({a, b}));
  EXPECT_EQ(declared(of({b})).state, a);
}

TEST_F(DeclaredPolicy, LastValueIsKeptTenMinutesWhenTheSourceIsUnreachable) {
  canonical.declare(StateWord("A"));
  canonical.source_unreachable(at({}));
  canonical.source_unreachable(at(minutes(9)));
  EXPECT_EQ(declared(of({a}), minutes(10)).state, a);
  EXPECT_EQ(declared(of({a}), minutes(10) + seconds(1)).missing, NoCanonical::source_unreachable);
  canonical.declare(StateWord("A"));
  EXPECT_EQ(declared(of({a}), minutes(12)).state, a);
}

TEST_F(DeclaredPolicy, IsMissingUntilTheSourceHasSpoken) {
  EXPECT_EQ(declared(of({a})).missing, NoCanonical::source_unreachable);
}

TEST_F(DeclaredPolicy, OfStatesThatShareTheTextTheCommonestIsMeant) {
  const auto twin = std::make_shared<const State>(State{{9, ""}, "A", {}});
  canonical.declare(StateWord("A"));
  EXPECT_EQ(declared(of({twin, a, a})).state, a);
  EXPECT_EQ(declared(of({twin, a})).state, a);
  EXPECT_EQ(declared(of({twin, twin, a})).state, twin);
}

// Census and goals.

TEST_F(CanonicalOf, CommonestOtherStateIsTheFirstOfEquallyCommonOnes) {
  EXPECT_EQ(of({a, a, a, b, c}).commonest_but(a), b);
  EXPECT_EQ(of({a, b, c, c}).commonest_but(a), c);
  EXPECT_EQ(of({a, nullptr}).commonest_but(a), nullptr);
}

TEST_F(CanonicalOf, AGoalAdmitsItsStateOrWhatItsWordNames) {
  Goal goal{StateWord("A")};
  EXPECT_TRUE(goal.admits(a));
  EXPECT_FALSE(goal.admits(b));
  EXPECT_FALSE(goal.admits(nullptr));
  EXPECT_TRUE(Goal(b).admits(b));
  EXPECT_FALSE(Goal().admits(a));
}

TEST_F(CanonicalOf, GoalsAreTheSameByStateOrByWord) {
  Goal word{StateWord("A")};
  EXPECT_TRUE(word.same_as(Goal(StateWord("A"))));
  EXPECT_FALSE(word.same_as(Goal(a)));
  word.resolve(of({a}));
  EXPECT_TRUE(word.same_as(Goal(a)));
  EXPECT_FALSE(Goal().same_as(Goal()));
}

}  // namespace
}  // namespace mse
