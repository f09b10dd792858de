// Members that come and go, and reads that look like accidents.
#include "exporter/inventory.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::minutes;

Mono at(int minute) {
  return Mono{} + minutes(minute);
}

std::vector<NodeSettings> nodes(int from, int to) {
  std::vector<NodeSettings> out;
  for (int i = from; i < to; ++i) {
    NodeSettings node;
    node.name = "n" + std::to_string(i);
    out.push_back(node);
  }
  return out;
}

struct Read : ::testing::Test {
  Inventory inventory;

  std::string members() const { return names(false); }
  std::string grace() const { return names(true); }

 private:
  std::string names(bool in_grace) const {
    std::string out;
    for (const auto& member : inventory.members()) {
      if (member.grace_until.has_value() == in_grace) out += member.settings.name + " ";
    }
    return out;
  }
};

TEST_F(Read, RemovalIsFinal) {
  inventory.read(nodes(0, 3), at(0));
  inventory.read(nodes(1, 3), at(1));
  EXPECT_EQ(members(), "n1 n2 ");
  EXPECT_FALSE(inventory.any_in_grace());
}

TEST_F(Read, ThatEmptiesTheListKeepsTheDroppedTenMinutes) {
  inventory.read(nodes(0, 2), at(0));
  inventory.read({}, at(1));
  EXPECT_EQ(members(), "");
  EXPECT_EQ(grace(), "n0 n1 ");
  inventory.expire(at(10));
  EXPECT_EQ(grace(), "n0 n1 ");
  inventory.expire(at(11));
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, ThatDropsMoreThanHalfKeepsTheDropped) {
  inventory.read(nodes(0, 5), at(0));
  inventory.read(nodes(3, 5), at(1));
  EXPECT_EQ(members(), "n3 n4 ");
  EXPECT_EQ(grace(), "n0 n1 n2 ");
}

TEST_F(Read, ThatDropsExactlyHalfIsFinal) {
  inventory.read(nodes(0, 4), at(0));
  inventory.read(nodes(2, 4), at(1));
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, ThatReplacesNodesByAsManyNewOnesIsFinal) {
  inventory.read(nodes(0, 4), at(0));
  inventory.read(nodes(10, 14), at(1));
  EXPECT_EQ(members(), "n10 n11 n12 n13 ");
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, WithFewerNewNodesThanItDroppedKeepsTheDropped) {
  inventory.read(nodes(0, 4), at(0));
  inventory.read(nodes(10, 13), at(1));
  EXPECT_EQ(grace(), "n0 n1 n2 n3 ");
}

TEST_F(Read, ThatFindsDroppedNodesAgainTakesThemBack) {
  inventory.read(nodes(0, 2), at(0));
  inventory.read({}, at(1));
  inventory.read(nodes(0, 2), at(2));
  EXPECT_EQ(members(), "n0 n1 ");
  EXPECT_FALSE(inventory.any_in_grace());
}

TEST_F(Read, RepeatedEmptyDoesNotProlongTheGrace) {
  inventory.read(nodes(0, 2), at(0));
  for (int minute = 1; minute < 11; ++minute) inventory.read({}, at(minute));
  EXPECT_EQ(grace(), "n0 n1 ");
  inventory.read({}, at(11));
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, OfAsManyNewNodesEndsTheGraceOfTheOld) {
  inventory.read(nodes(0, 3), at(0));
  inventory.read({}, at(1));
  inventory.read(nodes(10, 13), at(2));
  EXPECT_EQ(members(), "n10 n11 n12 ");
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, ThatFindsSomeAgainEndsNoGraceOfTheOthers) {
  inventory.read(nodes(0, 10), at(0));
  inventory.read(nodes(0, 4), at(1));
  inventory.read(nodes(0, 5), at(2));
  EXPECT_EQ(members(), "n0 n1 n2 n3 n4 ");
  EXPECT_EQ(grace(), "n5 n6 n7 n8 n9 ");
  inventory.expire(at(10));
  EXPECT_TRUE(inventory.any_in_grace());
  inventory.expire(at(11));
  EXPECT_FALSE(inventory.any_in_grace());
}

TEST_F(Read, ThatFindsHalfOfAnEmptiedListAgainEndsNoGraceOfTheOthers) {
  inventory.read(nodes(0, 10), at(0));
  inventory.read({}, at(1));
  inventory.read(nodes(0, 5), at(2));
  EXPECT_EQ(members(), "n0 n1 n2 n3 n4 ");
  EXPECT_EQ(grace(), "n5 n6 n7 n8 n9 ");
}

TEST_F(Read, CountsANameOnce) {
  auto twice = nodes(0, 1);
  twice.push_back(twice.front());
  inventory.read(twice, at(0));
  EXPECT_EQ(members(), "n0 ");
}

TEST_F(Read, OfTheOperatorsListIsFinalHoweverMuchItDrops) {
  inventory.replace(nodes(0, 5));
  inventory.replace(nodes(4, 5));
  EXPECT_EQ(members(), "n4 ");
  EXPECT_EQ(grace(), "");
}

TEST_F(Read, KeepsTheOrderAndTheSettingsOfTheNewestRead) {
  inventory.read(nodes(0, 3), at(0));
  auto again = nodes(0, 3);
  std::swap(again[0], again[2]);
  again[1].labels["region"] = "eu";
  inventory.read(again, at(1));
  EXPECT_EQ(members(), "n2 n1 n0 ");
  EXPECT_EQ(inventory.members()[1].settings.labels.at("region"), "eu");
}

}  // namespace
}  // namespace mse
