// Lineages: ids joined over failovers, and their names.
#include "exporter/lineages.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

TEST(Lineages, AnIdOfItsOwnIsItsName) {
  Lineages all;
  all.join("X", "");
  EXPECT_EQ(all.name("X"), "X");
  EXPECT_EQ(all.name("Y"), "Y");
}

TEST(Lineages, KeepTheNameOfTheOldestIdOverFailovers) {
  Lineages all;
  all.join("Y", "X");
  all.join("Z", "Y");
  for (const char* id : {"X", "Y", "Z"}) EXPECT_EQ(all.name(id), "X");
}

TEST(Lineages, AreTheSameInWhateverOrderTheyAreTold) {
  Lineages all;
  all.join("Z", "Y");
  EXPECT_EQ(all.name("Z"), "Y");
  all.join("Y", "X");
  for (const char* id : {"X", "Y", "Z"}) EXPECT_EQ(all.name(id), "X");
  EXPECT_EQ(all.name("other"), "other");
}

TEST(Lineages, OfTwoFailoversFromOneIdAreOne) {
  Lineages all;
  all.join("Y", "X");
  all.join("Z", "X");
  EXPECT_EQ(all.name("Y"), all.name("Z"));
}

TEST(Lineages, AnIdThatNamesItselfOrACircleEnds) {
  Lineages all;
  all.join("X", "X");
  EXPECT_EQ(all.name("X"), "X");
  all.join("Y", "X");
  all.join("X", "Y");
  EXPECT_EQ(all.name("X"), all.name("Y"));
}

TEST(Lineages, ForgetWhatNobodyBelongsToAndKeepTheRestWhole) {
  Lineages all;
  all.join("Y", "X");
  all.join("Z", "Y");
  all.join("B", "A");
  all.keep({"Z"});
  EXPECT_EQ(all.name("Y"), "X");
  EXPECT_EQ(all.name("B"), "B");
}

}  // namespace
}  // namespace mse
