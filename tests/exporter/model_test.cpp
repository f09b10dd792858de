// Holds the closed lists' spellings and what compares with what.
#include "exporter/model.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(Model, EveryStatusHasItsWordAndTheNumberOfTheMetric) {
  EXPECT_EQ(name(Status::canonical), "canonical");
  EXPECT_EQ(name(Status::transition), "transition");
  EXPECT_EQ(name(Status::unknown), "unknown");
  EXPECT_EQ(name(Status::divergent), "divergent");
  EXPECT_EQ(static_cast<int>(Status::divergent), 3);
}

TEST(Model, ReasonsAreSpelledAsInTheDesign) {
  EXPECT_EQ(name(Reason::refused), "refused");
  EXPECT_EQ(name(Reason::too_large), "too_large");
  EXPECT_EQ(name(Reason::permission), "permission");
  EXPECT_EQ(name(Reason::identity_changed), "identity_changed");
  EXPECT_EQ(name(Reason::unsupported), "unsupported");
  EXPECT_EQ(name(Reason::internal), "internal");
  EXPECT_EQ(name(NoCanonical::no_majority), "no_majority");
  EXPECT_EQ(name(NoCanonical::no_nodes), "no_nodes");
}

TEST(Model, UnknownHasNoKeySoItEqualsNothing) {
  EXPECT_EQ(key_of({Unknown{Reason::refused}, {}}), std::nullopt);
  EXPECT_FALSE((Observation{Unknown{Reason::refused}, {}}.known()));
}

TEST(Model, AbsentComparesAsAStateOfItsOwn) {
  const Observation absent{Absent{}, {}};
  const Observation state{State{{7, ""}, "7", {}}, {}};
  EXPECT_TRUE(absent.known());
  EXPECT_EQ(key_of(absent), key_of(Observation{Absent{}, {}}));
  EXPECT_NE(key_of(absent), key_of(state));
}

TEST(Model, StatesThatDifferInASecretAloneAreNotEqual) {
  EXPECT_NE((StateKey{7, "a"}), (StateKey{7, "b"}));
  EXPECT_EQ((StateKey{7, "a"}), (StateKey{7, "a"}));
}

}  // namespace
}  // namespace mse
