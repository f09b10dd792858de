// The closed lists of a snapshot: whole, in order, and spelled as the metrics promise.
#include "exporter/snapshot.h"

#include <gmock/gmock.h>

namespace mse {
namespace {

template <typename Values>
std::vector<std::string> names(const Values& values) {
  std::vector<std::string> all;
  for (const auto value : values) all.emplace_back(name(value));
  return all;
}

TEST(ClosedLists, AreSpelledAsLabelsShowThem) {
  using testing::ElementsAre;
  EXPECT_THAT(names(kStatuses), ElementsAre("canonical", "transition", "unknown", "divergent"));
  EXPECT_THAT(names(kAllowanceSources),
              ElementsAre("change", "maintenance", "lag", "compatible", "acknowledged"));
  EXPECT_THAT(names(kOutcomes), ElementsAre("converged", "rolled_back", "superseded", "expired"));
  EXPECT_THAT(names(kDirections), ElementsAre("forward", "backward", "lateral"));
  EXPECT_THAT(names(every<StateRole, StateRole::other>()),
              ElementsAre("target", "previous", "other"));
  EXPECT_THAT(names(every<Role, Role::replica>()), ElementsAre("", "primary", "replica"));
}

TEST(ClosedLists, HaveEveryReason) {
  EXPECT_EQ(kReasons.size(), 18U);
  EXPECT_EQ(name(kReasons.front()), "refused");
  EXPECT_EQ(name(kReasons.back()), "internal");
}

}  // namespace
}  // namespace mse
