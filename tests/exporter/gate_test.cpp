// Every rule of semantics 9, by itself and before the next.
#include "exporter/gate.h"

#include <gmock/gmock.h>

#include "tests/exporter/gate_case.h"

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const GateQuestion kToB{"d-1", "B", "config"};

TEST(Gate, GoesWhenNothingIsWrong) {
  GateCase shop;
  const GateAnswer answer = shop.answer();
  EXPECT_EQ(answer.verdict, Verdict::go);
  EXPECT_TRUE(answer.reasons.empty());
  EXPECT_EQ(answer.retry_after, Duration::zero());
  EXPECT_EQ(answer.age, seconds(2));
}

TEST(Gate, NamesAreClosedLists) {
  EXPECT_EQ(name(Verdict::rollback), "rollback");
  EXPECT_EQ(name(GateCode::stale), "stale");
  EXPECT_EQ(name(GateCode::manual_hold), "manual_hold");
  EXPECT_EQ(name(GateCode::divergent_nodes), "divergent_nodes");
}

TEST(GateUnknown, WhenTheSnapshotIsTooOld) {
  GateCase shop;
  const Freshness at_the_limit{seconds(60), seconds(60)};
  EXPECT_EQ(gate(shop.service, {}, at_the_limit).verdict, Verdict::go);
  const GateAnswer late = gate(shop.service, {}, {seconds(61), seconds(60)});
  EXPECT_EQ(late.verdict, Verdict::unknown);
  EXPECT_EQ(late.reasons.at(0).code, GateCode::stale);
  EXPECT_EQ(late.reasons.at(0).what, "What is known is 1m1s old, more than 1m.");
  EXPECT_EQ(late.retry_after, seconds(15));
}

TEST(GateUnknown, WithoutNodes) {
  GateCase shop;
  shop.service.nodes.clear();
  EXPECT_EQ(shop.code(), GateCode::no_nodes);
}

TEST(GateUnknown, WithoutACanonicalAlsoWhereThatIsOld) {
  GateCase shop;
  shop.dimension().canonical["eu"] = {{}, "", NoCanonical::no_majority};
  shop.dimension().preexisting_canonical_missing = true;
  const GateAnswer answer = shop.answer(kToB);
  EXPECT_EQ(answer.verdict, Verdict::unknown);
  EXPECT_EQ(answer.reasons.at(0).what,
            "There is no canonical state of config for eu (no_majority).");
}

TEST(GateUnknown, WithMoreUnknownNodesThanTolerated) {
  GateCase shop;
  shop.service.tolerated_unknown = 1;
  shop.is_unknown(3);
  shop.is_unknown(3, "access_policy");
  EXPECT_EQ(shop.verdict(), Verdict::go);
  shop.is_unknown(4, "access_policy");
  const GateAnswer answer = shop.answer();
  EXPECT_EQ(answer.verdict, Verdict::unknown);
  EXPECT_EQ(answer.reasons.at(0).code, GateCode::unknown_nodes);
  EXPECT_EQ(answer.reasons.at(0).count, 2);
  EXPECT_THAT(answer.reasons.at(0).nodes, ElementsAre("n3", "n4"));
}

TEST(GateUnknown, WhereNothingIsCompared) {
  GateCase shop;
  for (const char* name : {"access_policy", "config"}) shop.dimension(name).unsupported = true;
  EXPECT_EQ(shop.verdict(), Verdict::unknown);
  EXPECT_EQ(shop.code(), GateCode::nothing_compared);
  shop.service.dimensions.clear();
  EXPECT_EQ(shop.code(), GateCode::nothing_compared);
}

TEST(GateUnknown, UntilADimensionThatIsNewHadItsFirstRound) {
  GateCase shop;
  shop.service.first_rounds = {"schema"};
  EXPECT_EQ(shop.verdict(), Verdict::unknown);
  EXPECT_EQ(shop.code(), GateCode::first_round);
}

TEST(GateUnknown, OfADimensionThatIsNotThere) {
  GateCase shop;
  EXPECT_EQ(shop.code({"d-1", "B", "schema"}), GateCode::unknown_dimension);
}

TEST(GateUnknown, IsNoDimensionThatDoesNotCount) {
  for (const bool unsupported : {true, false}) {
    GateCase shop;
    if (unsupported) {
      shop.dimension().unsupported = true;
    } else {
      shop.dimension().enforce = Enforce::ticket;
    }
    for (std::size_t node = 0; node < 9; ++node) shop.is_unknown(node);
    shop.diverges(9, "X");
    shop.dimension().canonical[""] = {{}, "", NoCanonical::no_majority};
    EXPECT_EQ(shop.verdict(), Verdict::go);
  }
}

// The worst there is, under one unknown node.
TEST(GateUnknown, ComesBeforeAllElse) {
  GateCase shop;
  shop.change("A", "B", "d-1").reached = minutes(20);
  shop.burns(0.5);
  shop.service.hold = ManualHold{"ann", "freeze", kGateNoon};
  shop.diverges(1, "X");
  EXPECT_EQ(shop.verdict(kToB), Verdict::rollback);
  shop.is_unknown(2);
  EXPECT_EQ(shop.verdict(kToB), Verdict::unknown);
}

struct Burnt : ::testing::Test {
  GateCase shop;
  void SetUp() override {
    shop.change("A", "B", "d-1").reached = minutes(15);
    shop.burns(0.041);
  }
};

TEST_F(Burnt, RollsTheCallersChangeBackAfterFifteenMinutesOverFourBudgets) {
  const GateAnswer answer = shop.answer(kToB);
  EXPECT_EQ(answer.verdict, Verdict::rollback);
  ASSERT_EQ(answer.reasons.size(), 1U);
  EXPECT_EQ(answer.reasons[0].code, GateCode::exposure_burn);
  EXPECT_THAT(answer.reasons[0].what,
              HasSubstr("at least 4.1% of the traffic; the budget is 1.0%"));
  EXPECT_THAT(answer.reasons[0].clears, HasSubstr("Roll back or go forward"));
  EXPECT_EQ(answer.exposure, 0.041);
}

TEST_F(Burnt, ByItsTargetWhereNobodyNamedADeploy) {
  shop.dimension().open_change->deploy_id = "none";
  EXPECT_EQ(shop.verdict(kToB), Verdict::rollback);
  EXPECT_EQ(shop.verdict({"", "B", ""}), Verdict::rollback);
  EXPECT_EQ(shop.verdict({"d-1", "C", ""}), Verdict::go);
}

TEST_F(Burnt, NotAnothersChangeNorWithoutOne) {
  EXPECT_EQ(shop.verdict({"d-2", "B", "config"}), Verdict::go);
  EXPECT_EQ(shop.verdict(), Verdict::go);
  shop.dimension().open_change.reset();
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
}

TEST_F(Burnt, NotBeforeANodeHasBeenAtTheTargetThatLong) {
  shop.dimension().open_change->reached = minutes(15) - seconds(1);
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  shop.dimension().open_change->reached.reset();
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
}

TEST_F(Burnt, NotWhenOneOfTheWindowsWasGoodOrQuiet) {
  shop.service.burn[1] = 0.04;
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  shop.service.burn[1].reset();
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
}

TEST_F(Burnt, OfALargeBudgetWhenNearlyAllIsBad) {
  shop.service.objectives.exposure = 0.5;
  shop.burns(0.9);
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  shop.burns(0.95);
  EXPECT_EQ(shop.verdict(kToB), Verdict::rollback);
}

TEST(GateRollback, WhenStatesLiveSideBySideThatMustNot) {
  GateCase shop;
  shop.dimension().compatible = false;
  shop.change("A", "B", "d-1");
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  shop.dimension().open_change->reached = seconds(1);
  EXPECT_EQ(shop.code(kToB), GateCode::incompatible);
  EXPECT_EQ(shop.verdict({"d-2", "", ""}), Verdict::go);
  shop.dimension().compatible = true;
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
}

TEST(GateRollback, ComesBeforeHold) {
  GateCase shop;
  shop.dimension().compatible = false;
  shop.change("A", "B", "d-1").reached = seconds(1);
  shop.service.hold = ManualHold{"ann", "freeze", kGateNoon};
  EXPECT_EQ(shop.verdict(kToB), Verdict::rollback);
}

TEST(GateHold, BySomebodysWord) {
  GateCase shop;
  shop.service.hold = ManualHold{"ann", "freeze for the sale", kGateNoon};
  const GateAnswer answer = shop.answer(kToB);
  EXPECT_EQ(answer.verdict, Verdict::hold);
  EXPECT_EQ(answer.reasons.at(0).code, GateCode::manual_hold);
  EXPECT_EQ(answer.reasons.at(0).what, "ann holds it: freeze for the sale");
  EXPECT_THAT(answer.reasons.at(0).clears, HasSubstr("2019-12-20T00:00:00Z"));
  EXPECT_EQ(answer.retry_after, seconds(30));
}

TEST(GateHold, ByANodeThatIsNeitherAtTheTargetNorOnItsWay) {
  GateCase shop;
  shop.change("A", "B", "d-1");
  shop.diverges(1, "A");
  shop.diverges(2, "B");
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  shop.diverges(3, "X");
  shop.diverges(4, "X");
  const GateAnswer answer = shop.answer(kToB);
  EXPECT_EQ(answer.verdict, Verdict::hold);
  ASSERT_EQ(answer.reasons.size(), 1U);
  EXPECT_EQ(answer.reasons[0].code, GateCode::divergent_nodes);
  EXPECT_EQ(answer.reasons[0].dimension, "config");
  EXPECT_THAT(answer.reasons[0].nodes, ElementsAre("n3", "n4"));
  EXPECT_EQ(answer.reasons[0].count, 2);
  EXPECT_EQ(answer.reasons[0].since, kGateNoon - minutes(4));
}

TEST(GateHold, ToldTheDeployAloneItKnowsTheTarget) {
  GateCase shop;
  shop.change("A", "B", "d-1");
  shop.diverges(1, "A");
  shop.diverges(2, "B");
  EXPECT_EQ(shop.verdict({"d-1", "", ""}), Verdict::go);
  EXPECT_EQ(shop.verdict({"d-2", "", ""}), Verdict::hold);
  EXPECT_EQ(shop.verdict(), Verdict::hold);
}

TEST(GateHold, ATargetMayBeAFingerprintAndCountsInItsDimensionOnly) {
  GateCase shop;
  shop.diverges(1, "B");
  EXPECT_EQ(shop.verdict({"", std::to_string(gate_state("B")->key.fingerprint), ""}), Verdict::go);
  EXPECT_EQ(shop.verdict({"", "B", "access_policy"}), Verdict::hold);
}

TEST(GateHold, AStateWithoutATextIsNobodysTarget) {
  GateCase shop;
  shop.diverges(1, "X");
  shop.service.nodes[1].dimensions["config"].state = gate_state("");
  EXPECT_EQ(shop.verdict({"", "", "config"}), Verdict::hold);
}

TEST(GateHold, NamesAFewNodesAndCountsTheRest) {
  GateCase shop;
  for (std::size_t node = 0; node < 9; ++node) shop.diverges(node, "X");
  const GateReason reason = shop.answer().reasons.at(0);
  EXPECT_EQ(reason.nodes.size(), kNamedNodes);
  EXPECT_EQ(reason.count, 9);
}

TEST(GateHold, NotByOldDriftNorByWhatIsAllowed) {
  GateCase shop;
  shop.diverges(1, "X");
  shop.at(1).preexisting = true;
  shop.dimension().preexisting_nodes = 1;
  shop.is(2, Status::transition, "Y");
  EXPECT_EQ(shop.verdict(), Verdict::go);
  shop.diverges(3, "Z");
  EXPECT_THAT(shop.answer().reasons.at(0).nodes, ElementsAre("n3"));
}

TEST(GateHold, ByAnothersOverdueChange) {
  GateCase shop;
  shop.change("A", "B", "d-1").overdue = true;
  EXPECT_EQ(shop.code({"d-2", "C", "config"}), GateCode::change_overdue);
  EXPECT_EQ(shop.code(), GateCode::change_overdue);
  EXPECT_EQ(shop.verdict(kToB), Verdict::go);
  EXPECT_EQ(shop.answer().reasons[0].since, kGateNoon + minutes(5));
  shop.dimension().open_change->overdue = false;
  EXPECT_EQ(shop.verdict({"d-2", "C", "config"}), Verdict::go);
}

TEST(GateHold, NotWhoEndsAnothersOverdueChange) {
  GateCase shop;
  shop.change("A", "B", "d-1").overdue = true;
  EXPECT_EQ(shop.verdict({"d-2", "B", "config"}), Verdict::go);
  EXPECT_EQ(shop.verdict({"d-2", "A", "config"}), Verdict::go);
}

TEST(GateHold, ByChangesOfEveryGroup) {
  GateCase shop;
  shop.change("A", "B", "d-1");
  ChangeView other = *shop.dimension().open_change;
  other.deploy_id = "d-2";
  other.overdue = true;
  shop.dimension().other_changes.push_back(other);
  EXPECT_EQ(shop.code({"d-1", "", ""}), GateCode::change_overdue);
}

TEST(GateHold, ByDriftOfAccessPolicyWhateverTheDeploy) {
  GateCase shop;
  shop.diverges(1, "B", "access_policy");
  EXPECT_EQ(shop.code(kToB), GateCode::access_policy_drift);
  EXPECT_EQ(shop.code({"d-1", "B", ""}), GateCode::access_policy_drift);
}

TEST(GateHold, NotADeployOfThatVeryAccessPolicy) {
  GateCase shop;
  shop.diverges(1, "B", "access_policy");
  EXPECT_EQ(shop.verdict({"d-1", "B", "access_policy"}), Verdict::go);
  shop.change("B", "A", "d-1", "access_policy");
  EXPECT_EQ(shop.verdict({"d-1", "", ""}), Verdict::go);
  shop.diverges(2, "X", "access_policy");
  EXPECT_EQ(shop.code({"d-1", "", ""}), GateCode::access_policy_drift);
}

TEST(GateHold, TellsTheGravestFirst) {
  GateCase shop;
  shop.service.hold = ManualHold{"ann", "freeze", kGateNoon};
  shop.diverges(1, "X");
  shop.diverges(1, "X", "access_policy");
  shop.change("A", "X").overdue = true;
  std::vector<GateCode> codes;
  for (const GateReason& reason : shop.answer().reasons) codes.push_back(reason.code);
  EXPECT_THAT(codes, ElementsAre(GateCode::manual_hold, GateCode::access_policy_drift,
                                 GateCode::change_overdue, GateCode::divergent_nodes));
}

TEST(GateRepair, TheDeployThatRepairsIsLetThrough) {
  GateCase shop;
  shop.change("A", "X").overdue = true;
  shop.diverges(1, "X");
  EXPECT_EQ(shop.verdict(), Verdict::hold);
  EXPECT_EQ(shop.verdict({"fix", "A", "config"}), Verdict::go);
}

TEST(GateRepair, NotWhereOtherDriftWouldStay) {
  GateCase shop;
  shop.change("A", "X");
  shop.diverges(1, "X");
  shop.diverges(2, "Y");
  EXPECT_EQ(shop.verdict({"fix", "A", "config"}), Verdict::hold);
}

// The change to the target is open: a rollout, not a repair.
TEST(GateRepair, NotARolloutInWhichANodeWentAstray) {
  GateCase shop;
  shop.dimension().canonical[""] = {gate_state("B")->key, "B", {}};
  shop.change("A", "B");
  shop.diverges(1, "X");
  EXPECT_EQ(shop.code(kToB), GateCode::divergent_nodes);
}

TEST(GateRepair, NotADeclaredChangeOfAnother) {
  GateCase shop;
  shop.change("A", "X", "d-9");
  shop.diverges(1, "X");
  EXPECT_EQ(shop.verdict({"fix", "A", "config"}), Verdict::hold);
}

TEST(GateAnswerOf, ASnapshotKnowsItsServicesAndThoseThatWait) {
  Snapshot snapshot;
  snapshot.at = Mono(std::chrono::hours(1));
  snapshot.services = {GateCase().service};
  snapshot.waiting = {"late"};
  const Mono soon = snapshot.at + seconds(2);
  EXPECT_EQ(gate(snapshot, "shop", {}, soon)->verdict, Verdict::go);
  EXPECT_EQ(gate(snapshot, "shop", {}, soon + minutes(1))->verdict, Verdict::unknown);
  const auto late = gate(snapshot, "late", {}, soon);
  EXPECT_EQ(late->verdict, Verdict::unknown);
  EXPECT_EQ(late->reasons.at(0).code, GateCode::first_round);
  EXPECT_FALSE(gate(snapshot, "nowhere", {}, soon));
  EXPECT_EQ(gate_without_snapshot().verdict, Verdict::unknown);
  EXPECT_FALSE(gate_without_snapshot().age);
}

TEST(GateAnswerOf, TellsTheLongestLagAndTheCallersConvergence) {
  GateCase shop;
  shop.service.nodes[2].lag = Lag{seconds(1), 10, {}};
  shop.service.nodes[3].lag = Lag{seconds(3), 10, {}};
  shop.service.nodes[4].lag = Lag{{}, {}, minutes(1)};
  shop.change("A", "B", "d-1").converged_ratio = 0.3;
  EXPECT_EQ(shop.answer(kToB).lag, seconds(3));
  EXPECT_EQ(shop.answer(kToB).converged, 0.3);
  EXPECT_FALSE(shop.answer({"d-2", "", ""}).converged);
}

TEST(OldestCaller, IsWhoDeclaredTheOldestOpenChange) {
  GateCase shop;
  EXPECT_EQ(oldest_caller(shop.service).deploy_id, "");
  shop.change("A", "B");
  EXPECT_EQ(oldest_caller(shop.service).target, "");
  shop.change("A", "B", "d-1").started = kGateNoon - minutes(1);
  shop.change("A", "B", "d-2", "access_policy");
  const GateQuestion oldest = oldest_caller(shop.service);
  EXPECT_EQ(oldest.deploy_id, "d-1");
  EXPECT_EQ(oldest.dimension, "config");
  EXPECT_EQ(oldest.target, std::to_string(gate_state("B")->key.fingerprint));
}

}  // namespace
}  // namespace mse
