// What allows a state that is not canonical, until when, and under whose name.
#include "exporter/allowance.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::minutes;

StateRef state(std::uint64_t fingerprint, const std::string& text) {
  return std::make_shared<const State>(State{{fingerprint, ""}, text, {}});
}

struct Allowed : ::testing::Test {
  StateRef a = state(1, "A"), b = state(2, "B"), c = state(3, "C");
  Change change;
  Permissions permissions{
      {Mono{} + minutes(60), Wall{} + minutes(60)}, false, nullptr, {}, nullptr, nullptr};
  Found canonical{b, "B", std::nullopt};
  KeyList keys;
  std::string node = "n1";
  bool lag = false;

  void SetUp() override {
    change.declared = true;
    change.deploy_id = "d-7";
    change.from = Goal(a);
    change.to = Goal(b);
    change.started = {Mono{} + minutes(58), Wall{} + minutes(58)};
    change.deadline = {Mono{} + minutes(61), Wall{} + minutes(61)};
  }
  std::optional<Allowance> of(const StateRef& held) const {
    return allowance({node, held, canonical, keys, lag}, permissions);
  }
  std::optional<AllowanceSource> source(const StateRef& held) const {
    const auto found = of(held);
    return found ? std::optional(found->source) : std::nullopt;
  }
};

TEST_F(Allowed, NothingIsWithoutAPermission) {
  EXPECT_FALSE(of(a));
}

TEST_F(Allowed, ADeclaredChangeAllowsItsFromStateUntilItsDeadline) {
  permissions.change = &change;
  const auto found = of(a);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->source, AllowanceSource::change);
  EXPECT_EQ(found->why, "changing from A to B");
  EXPECT_EQ(found->who, "d-7");
  EXPECT_EQ(found->until, change.deadline.wall);
  EXPECT_FALSE(of(c));
  permissions.now.mono = change.deadline.mono;
  EXPECT_TRUE(of(a));
  permissions.now.mono += Duration(1);
  EXPECT_FALSE(of(a));
}

TEST_F(Allowed, AnUndeclaredChangeSilencesNothing) {
  change.declared = false;
  permissions.change = &change;
  EXPECT_FALSE(of(a));
  EXPECT_FALSE(of(b));
}

TEST_F(Allowed, ACanaryAllowsTheTargetOnItsNodesAndNothingElse) {
  change.canary = {"n1"};
  permissions.change = &change;
  canonical = {a, "A", std::nullopt};
  EXPECT_EQ(source(b), AllowanceSource::change);
  EXPECT_FALSE(of(c));
  node = "n2";
  EXPECT_FALSE(of(b));
  node = "n1";
  permissions.now.mono = change.deadline.mono + Duration(1);
  EXPECT_FALSE(of(b));
}

TEST_F(Allowed, MaintenanceAllowsAllStates) {
  permissions.maintenance = "vacuum";
  EXPECT_EQ(source(a), AllowanceSource::maintenance);
  EXPECT_EQ(of(c)->why, "vacuum");
}

TEST_F(Allowed, MaintenanceAndDeclaredChangesNeverCoverAccessPolicy) {
  permissions.access_policy = true;
  permissions.maintenance = "vacuum";
  permissions.change = &change;
  EXPECT_FALSE(of(a));
}

TEST_F(Allowed, LagAndAcknowledgementsCoverAccessPolicy) {
  permissions.access_policy = true;
  lag = true;
  EXPECT_EQ(source(a), AllowanceSource::lag);
  lag = false;
  Acknowledgement settings;
  settings.until = permissions.now.wall + minutes(1);
  const std::vector<Acknowledged> all{Acknowledged(settings)};
  permissions.acknowledged = &all;
  EXPECT_EQ(source(a), AllowanceSource::acknowledged);
}

TEST_F(Allowed, StatesListedTogetherAreCompatible) {
  const Compatible compatible({{"A", "B"}, {"C", "9"}});
  permissions.compatible = &compatible;
  EXPECT_EQ(source(a), AllowanceSource::compatible);
  EXPECT_EQ(of(a)->why, "compatible with B");
  EXPECT_FALSE(of(c));
  canonical = {nullptr, "", NoCanonical::no_majority};
  EXPECT_FALSE(of(a));
}

TEST_F(Allowed, TheFirstOfSeveralSourcesIsNamed) {
  permissions.maintenance = "vacuum";
  lag = true;
  EXPECT_EQ(source(a), AllowanceSource::maintenance);
  permissions.change = &change;
  EXPECT_EQ(source(a), AllowanceSource::change);
}

struct Acked : Allowed {
  Acknowledgement settings;
  std::vector<Acknowledged> all;

  void SetUp() override {
    settings.why = "reporting";
    settings.who = "dba";
    settings.until = permissions.now.wall + minutes(1);
  }
  std::optional<Allowance> acked(const StateRef& held) {
    all = {Acknowledged(settings)};
    permissions.acknowledged = &all;
    return of(held);
  }
};

TEST_F(Acked, NamesWhoAndWhyUntilItsEnd) {
  EXPECT_EQ(acked(a)->why, "reporting");
  EXPECT_EQ(acked(a)->until, settings.until);
  EXPECT_EQ(acked(a)->who, "dba");
  permissions.now.wall = settings.until;
  EXPECT_FALSE(acked(a));
}

TEST_F(Acked, CoversOnlyItsNodes) {
  settings.nodes = {"n2"};
  EXPECT_FALSE(acked(a));
  node = "n2";
  EXPECT_TRUE(acked(a));
}

TEST_F(Acked, CoversOnlyItsStates) {
  settings.states = {"C", "1"};
  EXPECT_TRUE(acked(a));
  EXPECT_TRUE(acked(c));
  EXPECT_FALSE(acked(b));
}

TEST_F(Acked, CoversDifferencesInItsKeysAndNoOthers) {
  settings.keys = {"work_mem", "jit"};
  keys = {"work_mem"};
  EXPECT_TRUE(acked(a));
  keys = {"jit", "work_mem"};
  EXPECT_TRUE(acked(a));
  keys = {"shared_buffers", "work_mem"};
  EXPECT_FALSE(acked(a));
}

TEST_F(Acked, OfKeysDoesNotCoverADifferenceWithoutKeys) {
  settings.keys = {"work_mem"};
  EXPECT_FALSE(acked(a));
}

TEST(Compatible, NeedsEveryTwoLiveStatesListedTogether) {
  const StateRef a = state(1, "A"), b = state(2, "B"), c = state(3, "C");
  const Compatible lists({{"A", "B"}, {"B", "C"}});
  EXPECT_TRUE(lists.all_together({}));
  EXPECT_TRUE(lists.all_together({a}));
  EXPECT_TRUE(lists.all_together({a, b}));
  EXPECT_FALSE(lists.all_together({a, b, c}));
  EXPECT_TRUE(lists.all_together({state(9, "Z")}));
  EXPECT_FALSE(lists.all_together({a, state(9, "Z")}));
}

TEST(Compatible, EqualStatesNeedNoList) {
  EXPECT_TRUE(Compatible().together(*state(9, "Z"), *state(9, "Z")));
  EXPECT_FALSE(Compatible().together(*state(9, "Z"), *state(8, "Z")));
}

}  // namespace
}  // namespace mse
