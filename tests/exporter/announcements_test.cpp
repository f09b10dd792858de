// What was announced: who is meant, repetition, ends, and what comes back from history.
#include "exporter/announcements.h"

#include <gmock/gmock.h>

#include "exporter/flagger_event.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Wall kNow = *parse_timestamp("2026-03-01T12:00:00Z");
const std::vector<ServiceFacts> kServices{{"orders-db", "payments", "critical", {"config"}},
                                          {"ledger", "payments", "", {"config", "schema"}},
                                          {"web", "shop", "critical", {"config"}}};
const std::string kEnd = R"("owner": "sre", "reason": "incident", "until": "2h"})";

Announcement said(AnnouncementKind kind, const std::string& json, Wall at = kNow) {
  return std::get<Announcement>(parse_word(kind, json, at).value());
}
Announcement change(const std::string& deploy, const std::string& state = "42", Wall at = kNow) {
  return said(AnnouncementKind::change,
              R"({"service": "web", "dimension": "config", "deploy_id": ")" + deploy +
                  R"(", "state": ")" + state + R"(", "from": "41", "deadline": "30m"})",
              at);
}
Announcement hold(const std::string& whom, Wall at = kNow) {
  return said(AnnouncementKind::hold, "{" + whom + ", " + kEnd, at);
}

class AnnouncementsTest : public testing::Test {
 protected:
  Announced accept(const Announcement& what, Wall at = kNow) {
    const auto accepted = all.accept(what, "ci", services_of(what, kServices).value(), at);
    EXPECT_TRUE(accepted) << accepted.error().sentence;
    return accepted ? **accepted : Announced{};
  }
  Refused refused(const Announcement& what) {
    const auto accepted = all.accept(what, "ci", {"web"}, kNow);
    return accepted ? Refused{200, "accepted"} : accepted.error();
  }
  static ServiceView web() {
    ServiceView view;
    view.name = "web";
    view.dimensions["config"];
    return view;
  }
  // The service as it is evaluated, its change with `outcome`.
  void settle(const std::optional<ChangeView>& change, Wall at = kNow) {
    all.settle(web(), [&](const auto&, const auto&) { return change; }, at);
  }
  Standing standing(const Announcement& what) {
    return all.find(AnnouncementKind::change, what.id)->services.at("web");
  }

  Announcements all;
};

TEST(ServicesMeant, AreThoseOfTheOwnerAndTierThatCompareTheDimension) {
  const auto meant = [](const std::string& whom) {
    return services_of(said(AnnouncementKind::acknowledgement,
                            "{" + whom + R"(, "dimension": "config", )" + kEnd),
                       kServices)
        .value();
  };
  EXPECT_THAT(meant(R"("service": "web")"), ElementsAre("web"));
  EXPECT_THAT(meant(R"("selector": {"owner": "payments"})"), ElementsAre("orders-db", "ledger"));
  EXPECT_THAT(meant(R"("selector": {"tier": "critical"})"), ElementsAre("orders-db", "web"));
  EXPECT_THAT(meant(R"("selector": {"owner": "payments", "tier": "critical"})"),
              ElementsAre("orders-db"));
  EXPECT_THAT(
      services_of(said(AnnouncementKind::acknowledgement,
                       R"({"selector": {"owner": "payments"}, "dimension": "schema", )" + kEnd),
                  kServices)
          .value(),
      ElementsAre("ledger"));
}

TEST(ServicesMeant, ThatThereAreNoneOfIsToldWithWhatIsNear) {
  const auto refusal = [](const std::string& whom) {
    return services_of(said(AnnouncementKind::acknowledgement, "{" + whom + ", " + kEnd), kServices)
        .error();
  };
  const auto service = refusal(R"("service": "order-db", "dimension": "config")");
  EXPECT_EQ(service.status, 404);
  EXPECT_EQ(service.sentence, "service: there is no \"order-db\"; did you mean `orders-db`?");
  const auto selector = refusal(R"("selector": {"owner": "hr"}, "dimension": "config")");
  EXPECT_EQ(selector.status, 404);
  EXPECT_EQ(selector.sentence, "selector: no service has owner=hr");
  const auto dimension = refusal(R"("service": "web", "dimension": "confg")");
  EXPECT_EQ(dimension.status, 400);
  EXPECT_EQ(dimension.sentence,
            "dimension: \"confg\" is not compared in web; did you mean `config`?");
}

TEST_F(AnnouncementsTest, ARepetitionGivesWhatThereIs) {
  const auto first = accept(change("d-1"));
  const auto again = accept(change("d-1", "42", kNow + minutes(9)), kNow + minutes(9));
  EXPECT_EQ(again.at, first.at);
  EXPECT_EQ(std::get<AnnouncedChange>(again.said.what).declaration.started, kNow);
  EXPECT_THAT(all.declarations("web"), SizeIs(1));
  const auto other = refused(change("d-1", "43"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.sentence,
            "deploy_id: this deploy was declared otherwise before, at 2026-03-01T12:00:00Z; a new "
            "deploy needs an id of its own");
}

TEST_F(AnnouncementsTest, ADeployThatEndedAndWasClosedMayBeDeclaredAnew) {
  const auto told = accept(change("d-1"));
  settle(std::nullopt, kNow + minutes(1));
  EXPECT_EQ(accept(change("d-1"), kNow + minutes(2)).at, kNow) << "ended, but not closed";
  ASSERT_TRUE(all.end({told.said.id, false}, {}, kNow + minutes(3)));
  const auto later = kNow + minutes(4);
  EXPECT_EQ(accept(change("d-1", "43", later), later).at, later);
  EXPECT_EQ(all.declarations("web").at(0).second.state, "43");
}

TEST_F(AnnouncementsTest, AreAtMostAThousand) {
  for (int i = 0; i < 1000; ++i) accept(change("d-" + std::to_string(i)));
  EXPECT_EQ(refused(change("one-more")).status, 429);
  accept(change("d-7"));
  all.forget(kNow + hours(13));  // ten times the deadline, and as long as changes are remembered
  accept(change("one-more"));
}

TEST_F(AnnouncementsTest, AFinishedChangeHasItsDeadlineThen) {
  const auto told = accept(change("d-1"));
  const auto end = all.end({told.said.id, false}, {}, kNow + minutes(10));
  ASSERT_TRUE(end);
  const auto [dimension, declaration] = all.declarations("web").at(0);
  EXPECT_EQ(dimension, "config");
  EXPECT_EQ(declaration.state, "42");
  EXPECT_EQ(declaration.deadline, kNow + minutes(10));
  ASSERT_TRUE(all.end({told.said.id, false}, {}, kNow + minutes(20)));
  EXPECT_EQ(all.declarations("web").at(0).second.deadline, kNow + minutes(10)) << "told again";
  const auto otherwise = all.end({told.said.id, true}, {{"web", "41"}}, kNow + minutes(20));
  EXPECT_EQ(otherwise.error().status, 409);
  EXPECT_EQ(otherwise.error().sentence, "closed: the change was closed before as finished");
  EXPECT_EQ(all.end({"unknown", false}, {}, kNow).error().status, 404);
}

TEST_F(AnnouncementsTest, AChangeFinishedTooLateKeepsItsDeadline) {
  const auto told = accept(change("d-1"));
  ASSERT_TRUE(all.end({told.said.id, false}, {}, kNow + hours(2)));
  EXPECT_EQ(all.declarations("web").at(0).second.deadline, kNow + minutes(30));
}

TEST_F(AnnouncementsTest, AnAbandonedChangeGoesBack) {
  const auto told = accept(change("d-1"));
  const auto unknown = all.end({told.said.id, true}, {{"web", ""}}, kNow);
  EXPECT_EQ(unknown.error().status, 409);
  EXPECT_EQ(unknown.error().sentence,
            "closed: where web came from is not known; declare the state that it is to go back to");
  ASSERT_TRUE(all.end({told.said.id, true}, {{"web", "40"}}, kNow + minutes(1)));
  const auto [dimension, back] = all.declarations("web").at(0);
  EXPECT_EQ(back.state, "40");
  EXPECT_EQ(back.from, "42");
  EXPECT_EQ(back.started, kNow + minutes(1));
  EXPECT_EQ(back.deadline, Wall{}) << "the objective";
  settle(std::nullopt, kNow + minutes(2));
  EXPECT_THAT(all.declarations("web"), IsEmpty()) << "told once";
  EXPECT_EQ(standing(change("d-1")).outcome, Outcome::superseded);
}

// Flagger sends some events of a canary after the one that says that it failed.
TEST_F(AnnouncementsTest, AFlaggerEventAfterTheFailureOfItsDeployDeclaresNothingForAWhile) {
  const auto event = [](const std::string& checksum, Wall at) {
    const auto word =
        parse_flagger_event(R"({"name": "web", "phase": "Progressing", "checksum": ")" + checksum +
                                R"(", "metadata": {"dimension": "config", "target": "42"}})",
                            at);
    return std::get<Announcement>(**word);
  };
  const auto first = accept(event("c-1", kNow));
  ASSERT_TRUE(all.end({first.said.id, true}, {{"web", "41"}}, kNow + minutes(1)));
  settle(std::nullopt, kNow + minutes(2));
  const auto echo = [&](const std::string& checksum, Wall at) {
    return is_echo(event(checksum, at), *all.all(), at);
  };
  EXPECT_TRUE(echo("c-1", kNow + minutes(2)));
  EXPECT_TRUE(echo("c-1", kNow + minutes(6)));
  EXPECT_FALSE(echo("c-2", kNow + minutes(2))) << "another specification";
  const auto again = kNow + minutes(7);
  EXPECT_FALSE(echo("c-1", again)) << "the same once more";
  EXPECT_EQ(accept(event("c-1", again), again).at, again);
  EXPECT_FALSE(echo("c-1", again));
}

TEST_F(AnnouncementsTest, WhatAPipelineDeclaresAnewAfterItWasAbandonedIsMeant) {
  const auto told = accept(change("d-1"));
  ASSERT_TRUE(all.end({told.said.id, true}, {{"web", "41"}}, kNow + minutes(1)));
  settle(std::nullopt, kNow + minutes(1));
  const auto again = kNow + minutes(2);
  EXPECT_EQ(accept(change("d-1", "42", again), again).at, again);
}

// A's pipeline cleans up after B was declared: that took the place of A, and is what is wanted.
TEST_F(AnnouncementsTest, AbandoningADeployThatAnotherReplacedTakesNothingBack) {
  for (const bool evaluated : {false, true}) {
    all = {};
    const auto first = accept(change("d-1"));
    const auto second = accept(change("d-2", "43", kNow + minutes(1)), kNow + minutes(1));
    ChangeView superseded;
    superseded.outcome = Outcome::superseded;
    const auto seen = [&](const auto&, const auto& deploy) {
      return deploy == "d-1" ? superseded : ChangeView();
    };
    if (evaluated) all.settle(web(), seen, kNow + minutes(2));
    const auto end = all.end({first.said.id, true}, {{"web", "41"}}, kNow + minutes(3));
    ASSERT_TRUE(end);
    EXPECT_EQ((*end)->closed, kNow + minutes(3));
    EXPECT_EQ(standing(first.said).outcome, Outcome::superseded);
    EXPECT_EQ(standing(first.said).ended, kNow + minutes(evaluated ? 2 : 3));
    const auto told = all.declarations("web");
    ASSERT_THAT(told, SizeIs(1)) << "that of the second alone";
    EXPECT_EQ(told.at(0).second.deploy_id, "d-2");
    EXPECT_EQ(told.at(0).second.state, "43");
  }
}

// One by a selector, which every node of web had reached before it was declared.
TEST_F(AnnouncementsTest, AbandoningSkipsAServiceThatItNeverOpenedIn) {
  const auto told = accept(said(AnnouncementKind::change, R"({"selector": {"tier": "critical"},
      "dimension": "config", "deploy_id": "d-1", "state": "42", "deadline": "30m"})"));
  const auto unsettled = all.end({told.said.id, true}, {{"orders-db", "41"}}, kNow);
  EXPECT_EQ(unsettled.error().status, 409) << "web may open it yet";
  settle(std::nullopt);
  ASSERT_TRUE(all.end({told.said.id, true}, {{"orders-db", "41"}, {"web", ""}}, kNow));
  EXPECT_EQ(all.declarations("orders-db").at(0).second.state, "41");
  EXPECT_THAT(all.declarations("web"), IsEmpty());
  EXPECT_EQ(standing(told.said).outcome, Outcome::converged);
}

TEST_F(AnnouncementsTest, WhereAChangeCameFromIsKnownAfterTheRulesForgotIt) {
  const auto told = accept(said(AnnouncementKind::change, R"({"service": "web",
      "dimension": "config", "deploy_id": "d-1", "state": "42", "deadline": "30m"})"));
  ChangeView change;
  change.from = "41";
  settle(change);
  change.outcome = Outcome::converged;
  settle(change, kNow + minutes(1));
  Announcements later;
  later.restore("web", all.remember("web"));
  ASSERT_TRUE(later.end({told.said.id, true}, {{"web", ""}}, kNow + minutes(9)));
  EXPECT_EQ(later.declarations("web").at(0).second.state, "41");
}

// What waits between the word and its acceptance must not come on top at a restart.
TEST_F(AnnouncementsTest, ARestartDoesNotMoveTheStartOfAChange) {
  accept(change("d-1"), kNow + std::chrono::seconds(2));
  Announcements later;
  later.restore("web", all.remember("web"));
  EXPECT_EQ(all.declarations("web").at(0).second.started, kNow);
  EXPECT_EQ(later.declarations("web").at(0).second.started, kNow);
}

TEST_F(AnnouncementsTest, AChangeEndsAsTheRulesSay) {
  accept(change("d-1"));
  ChangeView open;
  settle(open);
  EXPECT_THAT(all.declarations("web"), SizeIs(1));
  ChangeView closed;
  closed.outcome = Outcome::rolled_back;
  settle(closed, kNow + minutes(3));
  EXPECT_EQ(standing(change("d-1")).outcome, Outcome::rolled_back);
  EXPECT_EQ(standing(change("d-1")).ended, kNow + minutes(3));
  EXPECT_THAT(all.declarations("web"), IsEmpty());
}

TEST_F(AnnouncementsTest, AChangeThatTheRulesNeverOpenedWasNotNeededOrReplaced) {
  accept(change("d-1"));
  settle(std::nullopt);
  EXPECT_EQ(standing(change("d-1")).outcome, Outcome::converged);
  accept(change("d-2", "43", kNow + minutes(1)), kNow + minutes(1));
  accept(change("d-3", "44", kNow + minutes(2)), kNow + minutes(2));
  settle(std::nullopt, kNow + minutes(3));
  EXPECT_EQ(standing(change("d-2", "43")).outcome, Outcome::superseded);
}

TEST_F(AnnouncementsTest, NothingIsSaidOfADimensionThatIsNotShownYet) {
  accept(change("d-1"));
  ServiceView view;
  view.name = "web";
  all.settle(view, [](const auto&, const auto&) { return std::nullopt; }, kNow);
  EXPECT_EQ(standing(change("d-1")).ended, std::nullopt);
}

TEST_F(AnnouncementsTest, AHoldHoldsUntilItsEndOrItsRelease) {
  const auto first = accept(hold(R"("selector": {"tier": "critical"})"));
  EXPECT_EQ(all.hold("web", kNow)->reason, "incident");
  EXPECT_EQ(all.hold("ledger", kNow), std::nullopt);
  EXPECT_TRUE(all.hold("web", kNow + minutes(119)));
  EXPECT_EQ(all.hold("web", kNow + minutes(120)), std::nullopt);
  ASSERT_TRUE(all.release({AnnouncementKind::hold, first.said.id}, kNow + minutes(1)));
  EXPECT_EQ(all.hold("web", kNow + minutes(1)), std::nullopt);
  EXPECT_TRUE(all.release({AnnouncementKind::hold, first.said.id}, kNow + minutes(2))) << "again";
  EXPECT_EQ(all.release({AnnouncementKind::acknowledgement, first.said.id}, kNow).error().status,
            404);
}

TEST_F(AnnouncementsTest, OfTwoHoldsTheLastToEndIsTold) {
  accept(hold(R"("service": "web")"));
  const auto longer = said(AnnouncementKind::hold,
                           R"({"service": "web", "owner": "o", "reason": "audit", "until": "9h"})");
  accept(longer);
  EXPECT_EQ(all.hold("web", kNow)->reason, "audit");
}

TEST_F(AnnouncementsTest, WhatHasEndedMayBeAnnouncedAnew) {
  accept(hold(R"("service": "web")"));
  const auto later = kNow + hours(3);
  EXPECT_EQ(all.hold("web", later), std::nullopt);
  accept(hold(R"("service": "web")", later), later);
  EXPECT_TRUE(all.hold("web", later));
}

TEST_F(AnnouncementsTest, AnAcknowledgementIsOfEachServiceThatIsMeant) {
  accept(said(AnnouncementKind::acknowledgement,
              R"({"selector": {"owner": "payments"}, "dimension": "config", )" + kEnd));
  ASSERT_THAT(all.acknowledgements("ledger", kNow), SizeIs(1));
  EXPECT_EQ(all.acknowledgements("ledger", kNow).at(0).service, "ledger");
  EXPECT_EQ(all.acknowledgements("orders-db", kNow).at(0).service, "orders-db");
  EXPECT_THAT(all.acknowledgements("web", kNow), IsEmpty());
  EXPECT_THAT(all.acknowledgements("ledger", kNow + hours(2)), IsEmpty());
}

TEST_F(AnnouncementsTest, ComeBackFromHistoryAsTheyWere) {
  const auto told = accept(change("d-1"));
  accept(hold(R"("selector": {"tier": "critical"})"));
  accept(said(AnnouncementKind::acknowledgement,
              R"({"service": "web", "dimension": "config", "keys": ["a"], )" + kEnd));
  ASSERT_TRUE(all.end({told.said.id, true}, {{"web", "41"}}, kNow + minutes(1)));
  Announcements later;
  for (const char* service : {"web", "orders-db", "ledger"})
    later.restore(service, all.remember(service));
  EXPECT_EQ(later.declarations("web"), all.declarations("web"));
  EXPECT_TRUE(later.hold("orders-db", kNow));
  EXPECT_EQ(later.acknowledgements("web", kNow).at(0).keys, (std::set<std::string>{"a"}));
  for (const char* service : {"web", "orders-db", "ledger"})
    EXPECT_EQ(later.remember(service), all.remember(service));
  EXPECT_EQ(later.accept(change("d-1"), "ci", {"web"}, kNow).value()->at, kNow);
}

TEST_F(AnnouncementsTest, WhatHistoryHoldsThatCannotBeReadIsLeftOut) {
  accept(hold(R"("service": "web")"));
  auto kept = all.remember("web");
  auto& [id, damaged] = *kept.begin();
  damaged.content = "{}";
  kept["other"] = damaged;
  kept["other"].kind = 7;
  Announcements later;
  later.restore("web", kept);
  EXPECT_THAT(*later.all(), IsEmpty());
}

TEST_F(AnnouncementsTest, TheListIsTheSameObjectUntilSomethingChanges) {
  accept(change("d-1"));
  const auto before = all.all();
  EXPECT_EQ(all.all(), before);
  settle(std::nullopt);
  EXPECT_NE(all.all(), before);
}

}  // namespace
}  // namespace mse
