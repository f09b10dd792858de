// What a webhook is told of two snapshots.
#include "exporter/change_notices.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace mse {
namespace {

using nlohmann::json;
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
