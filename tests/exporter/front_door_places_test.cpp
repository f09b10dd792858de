// Who gets in at the front door, and who gives way.
#include "exporter/front_door_places.h"

#include <gmock/gmock.h>

namespace mse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr PlaceLimits kSmall{.connections = 6, .of_one_source = 3, .kept = 2, .answer_bytes = 100};

struct Door : Places {
  Door() : Places(kSmall) {}
  // What became of the newcomer: "in", "out", or the id that gave way to it.
  std::string come(Id id, const std::string& source) {
    const auto admission = admit(id, source);
    if (!admission.admitted) return "out";
    return admission.dropped ? std::to_string(*admission.dropped) : "in";
  }
  void come_all(const std::vector<std::string>& sources) {
    Id id = 0;
    for (const auto& source : sources) EXPECT_EQ(come(++id, source), "in");
  }
};

TEST(FrontDoorPlaces, ASourceAtItsLimitReplacesItsOwnOldest) {
  Door door;
  door.come_all({"a", "a", "a"});
  EXPECT_EQ(door.come(4, "a"), "1");
  door.enter(2, Phase::working);
  EXPECT_EQ(door.come(5, "a"), "3");
  EXPECT_EQ(door.size(), 3U);
  EXPECT_EQ(door.come(6, "b"), "in");
}

TEST(FrontDoorPlaces, WhatHasArrivedGivesWayLast) {
  Door door;
  door.come_all({"a", "a", "a"});
  door.enter(1, Phase::writing);
  EXPECT_EQ(door.come(4, "a"), "2");
  for (const Places::Id id : {3, 4}) door.enter(id, Phase::working);
  EXPECT_EQ(door.come(5, "a"), "1");
  door.enter(5, Phase::working);
  EXPECT_EQ(door.come(6, "a"), "out");
}

TEST(FrontDoorPlaces, ANewSourceGetsInWhileAnotherHoldsMore) {
  Door door;
  door.come_all({"a", "a", "b", "b", "b", "a"});
  EXPECT_EQ(door.come(7, "c"), "1");  // a and b hold alike
  EXPECT_EQ(door.come(8, "c"), "3");
  EXPECT_EQ(door.come(9, "c"), "out");  // all hold two
  EXPECT_EQ(door.size(), 6U);
}

TEST(FrontDoorPlaces, AFullDoorOfSingleSourcesStillLetsNewOnesIn) {
  Door door;
  door.come_all({"a", "b", "c", "d", "e", "f"});
  EXPECT_EQ(door.come(7, "g"), "1");
  EXPECT_EQ(door.come(8, "g"), "out");
}

TEST(FrontDoorPlaces, NobodyIsDroppedWhileBeingAnswered) {
  Door door;
  door.come_all({"a", "a", "a", "b", "b", "b"});
  for (Places::Id id = 1; id <= 3; ++id) door.enter(id, Phase::working);
  EXPECT_EQ(door.come(7, "c"), "4");
  for (const Places::Id id : {5, 6, 7}) door.enter(id, Phase::working);
  EXPECT_EQ(door.come(8, "d"), "out");
}

TEST(FrontDoorPlaces, TheLastPlacesAreKept) {
  Door door;
  door.come_all({"a", "a", "b", "b"});
  EXPECT_FALSE(door.crowded());
  door.come(5, "c");
  EXPECT_TRUE(door.crowded());
  door.leave(5);
  EXPECT_FALSE(door.crowded());
}

TEST(FrontDoorPlaces, TheSlowestWriterOfTheSourceThatHoldsMostGivesUpItsAnswer) {
  Door door;
  door.come_all({"a", "a", "b", "c"});
  for (const Places::Id id : {1, 2, 3}) {
    EXPECT_THAT(door.hold(id, 30), IsEmpty());
    door.enter(id, Phase::writing);
  }
  EXPECT_THAT(door.hold(4, 30), ElementsAre(1));
  EXPECT_EQ(door.held(), 90U);
  EXPECT_EQ(door.size(), 3U);
  EXPECT_THAT(door.hold(4, 30), ElementsAre(4));  // now it holds most itself
  EXPECT_EQ(door.held(), 60U);
}

TEST(FrontDoorPlaces, AnAnswerLargerThanAllIsDropped) {
  Door door;
  door.come_all({"a"});
  EXPECT_THAT(door.hold(1, 101), ElementsAre(1));
  EXPECT_EQ(door.held(), 0U);
}

TEST(FrontDoorPlaces, WhatIsReleasedOrLeftIsFree) {
  Door door;
  door.come_all({"a", "b"});
  door.hold(1, 60);
  door.hold(2, 40);
  door.release(1);
  EXPECT_EQ(door.held(), 40U);
  door.leave(2);
  door.leave(2);
  EXPECT_EQ(door.held(), 0U);
  EXPECT_EQ(door.size(), 1U);
  EXPECT_THAT(door.hold(2, 1), ElementsAre(2));  // it has gone
}

}  // namespace
}  // namespace mse
