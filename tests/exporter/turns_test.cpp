// Sources in turn, a few at a time.
#include "exporter/turns.h"

#include <gmock/gmock.h>

namespace mse {
namespace {

using testing::ElementsAre;

std::vector<FairQueue::Id> emptied(FairQueue& queue) {
  std::vector<FairQueue::Id> order;
  while (const auto id = queue.pop()) order.push_back(*id);
  return order;
}

TEST(FairQueue, SourcesGoInTurn) {
  FairQueue queue;
  for (const FairQueue::Id id : {1, 2, 3}) queue.push("greedy", id);
  queue.push("modest", 4);
  EXPECT_THAT(emptied(queue), ElementsAre(1, 4, 2, 3));
  EXPECT_FALSE(queue.pop());
}

TEST(FairQueue, ANewcomerWaitsForOneOfEachSourceAtMost) {
  FairQueue queue;
  for (FairQueue::Id id = 0; id < 80; ++id) queue.push("source " + std::to_string(id % 8), id);
  queue.push("newcomer", 100);
  const auto order = emptied(queue);
  EXPECT_EQ(order.at(8), 100U);
  EXPECT_EQ(order.size(), 81U);
}

TEST(FairQueue, WhoHasLeastUnderWayGoesFirst) {
  FairQueue queue;
  for (const FairQueue::Id id : {1, 2}) queue.push("greedy", id);
  for (const FairQueue::Id id : {3, 4}) queue.push("hasty", id);
  EXPECT_EQ(queue.pop(), 1U);
  queue.push("modest", 5);
  EXPECT_EQ(queue.pop(), 3U);
  EXPECT_EQ(queue.pop(), 5U);
  queue.finished("hasty");
  EXPECT_EQ(queue.pop(), 4U);
  EXPECT_EQ(queue.pop(), 2U);
}

TEST(FairQueue, WhoLeavesIsNotServed) {
  FairQueue queue;
  queue.push("a", 1);
  queue.push("a", 2);
  queue.push("b", 3);
  EXPECT_TRUE(queue.remove(1));
  EXPECT_FALSE(queue.remove(1));
  EXPECT_TRUE(queue.remove(3));
  EXPECT_THAT(emptied(queue), ElementsAre(2));
}

TEST(Turns, AreGivenAtOnceWhileOneIsFreeAndThenHandedOn) {
  Turns turns(2);
  std::vector<int> went;
  for (int id = 1; id <= 5; ++id) {
    turns.ask("a", static_cast<Turns::Id>(id), [&went, id] { went.push_back(id); });
  }
  EXPECT_THAT(went, ElementsAre(1, 2));
  turns.withdraw(3);
  turns.end("a");
  EXPECT_THAT(went, ElementsAre(1, 2, 4));
  for (int i = 0; i < 3; ++i) turns.end("a");
  EXPECT_THAT(went, ElementsAre(1, 2, 4, 5));
  turns.ask("a", 6, [&went] { went.push_back(6); });
  EXPECT_THAT(went, ElementsAre(1, 2, 4, 5, 6));
}

TEST(Turns, WhoIsForgottenIsNotTold) {
  Turns turns(1);
  std::vector<int> went;
  for (const int id : {1, 2, 3}) {
    turns.ask("a", static_cast<Turns::Id>(id), [&went, id] { went.push_back(id); });
  }
  turns.forget();
  turns.end("a");
  EXPECT_THAT(went, ElementsAre(1));
}

TEST(Turns, EndHoweverTheWorkEnds) {
  Turns turns(1);
  bool went = false;
  turns.ask("a", 1, [] {});
  {
    const TurnEnd end(turns, "a");
  }
  turns.ask("a", 2, [&went] { went = true; });
  EXPECT_TRUE(went);
}

}  // namespace
}  // namespace mse
