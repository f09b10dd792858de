// What a webhook is told of two snapshots.
#include "exporter/change_notices.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace mse {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ChangeView change(const std::string& deploy, std::optional<Outcome> outcome = {}) {
  ChangeView out;
  out.declared = true;
  out.deploy_id = deploy;
  out.from = "41";
  out.to = "42";
  out.open = !outcome;
  out.outcome = outcome;
  return out;
}

Snapshot snapshot(const std::optional<ChangeView>& open, const std::optional<ChangeView>& last) {
  Snapshot out;
  auto& service = out.services.emplace_back();
  service.name = "web";
  service.dimensions["config"].open_change = open;
  service.dimensions["config"].last_change = last;
  return out;
}

TEST(ChangeNotices, TellThatAChangeOpenedAndHowItEnded) {
  const auto quiet = snapshot({}, {});
  const auto open = snapshot(change("d-1"), {});
  const auto closed = snapshot({}, change("d-1", Outcome::converged));
  const auto opened = change_notices(quiet, open);
  ASSERT_THAT(opened, SizeIs(1));
  const auto first = json::parse(opened.at(0));
  EXPECT_EQ(first["event"], "opened");
  EXPECT_EQ(first["service"], "web");
  EXPECT_EQ(first["dimension"], "config");
  EXPECT_EQ(first["deploy_id"], "d-1");
  EXPECT_EQ(first["to"], "42");
  EXPECT_EQ(first["outcome"], json());
  const auto ended = change_notices(open, closed);
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(json::parse(ended.at(0))["event"], "closed");
  EXPECT_EQ(json::parse(ended.at(0))["outcome"], "converged");
  EXPECT_THAT(change_notices(open, open), IsEmpty());
  EXPECT_THAT(change_notices(closed, closed), IsEmpty());
}

// "opened d-1", and of a closed one its outcome.
std::vector<std::string> told(const Snapshot& before, const Snapshot& now) {
  std::vector<std::string> out;
  for (const auto& body : change_notices(before, now)) {
    const auto notice = json::parse(body);
    out.push_back(notice["event"].get<std::string>() + " " +
                  notice["deploy_id"].get<std::string>());
    if (notice["event"] == "closed") out.back() += " " + notice["outcome"].dump();
  }
  return out;
}
// With a change of each group of compare_within.
Snapshot in_groups(const std::vector<ChangeView>& open, const std::optional<ChangeView>& last) {
  Snapshot out = snapshot({}, last);
  auto& dimension = out.services[0].dimensions["config"];
  if (!open.empty()) dimension.open_change = open.front();
  if (!open.empty()) dimension.other_changes.assign(open.begin() + 1, open.end());
  return out;
}

TEST(ChangeNotices, TellThatAChangeOfAnotherGroupOpenedAndHowItEnded) {
  const auto one = in_groups({change("d-1")}, {});
  const auto two = in_groups({change("d-1"), change("d-2")}, {});
  const auto second_ended = in_groups({change("d-1")}, change("d-2", Outcome::converged));
  const auto first_ended = in_groups({change("d-2")}, change("d-1", Outcome::converged));
  EXPECT_THAT(told(one, two), ElementsAre("opened d-2"));
  EXPECT_THAT(told(two, second_ended), ElementsAre("closed d-2 \"converged\""));
  EXPECT_THAT(told(two, first_ended), ElementsAre("closed d-1 \"converged\"")) << "no news of d-2";
}

TEST(ChangeNotices, TellOfADeployInSeveralGroupsOnceWhenTheLastHasEnded) {
  const auto both = in_groups({change("d-1"), change("d-1")}, {});
  const auto one = in_groups({change("d-1")}, change("d-1", Outcome::converged));
  const auto none = in_groups({}, change("d-1", Outcome::converged));
  EXPECT_THAT(told(snapshot({}, {}), both), ElementsAre("opened d-1"));
  EXPECT_THAT(told(both, one), IsEmpty());
  EXPECT_THAT(told(one, none), ElementsAre("closed d-1 \"converged\""));
}

TEST(ChangeNotices, TellOfTwoGroupsWhoseChangesEndedAtOnceTheOutcomeOfOne) {
  auto elsewhere = change("d-2");
  elsewhere.to = "43";
  EXPECT_THAT(told(in_groups({change("d-1"), elsewhere}, {}),
                   in_groups({}, change("d-1", Outcome::expired))),
              ElementsAre("closed d-1 \"expired\"", "closed d-2 null"));
}

TEST(ChangeNotices, TellNoEndOfAChangeThatADeclarationAdopts) {
  auto undeclared = change("none");
  undeclared.declared = false;
  EXPECT_THAT(told(in_groups({undeclared}, {}), in_groups({change("d-1")}, {})),
              ElementsAre("opened d-1"));
}

TEST(ChangeNotices, TellTheEndOfTheOldBeforeTheNew) {
  const auto both = change_notices(snapshot(change("d-1"), {}),
                                   snapshot(change("d-2"), change("d-1", Outcome::superseded)));
  ASSERT_THAT(both, SizeIs(2));
  EXPECT_EQ(json::parse(both.at(0))["deploy_id"], "d-1");
  EXPECT_EQ(json::parse(both.at(1))["event"], "opened");
}

TEST(ChangeNotices, TellNothingOfWhatWasBeforeTheServiceWasWatched) {
  EXPECT_THAT(change_notices({}, snapshot(change("d-1"), {})), IsEmpty());
  EXPECT_THAT(change_notices(snapshot(change("d-1"), {}), {}), IsEmpty());
}

TEST(ChangeNotices, OfADeadlineThatMovedTellNothing) {
  auto later = change("d-1");
  later.deadline += std::chrono::minutes(5);
  EXPECT_THAT(change_notices(snapshot(change("d-1"), {}), snapshot(later, {})), IsEmpty());
}

}  // namespace
}  // namespace mse
