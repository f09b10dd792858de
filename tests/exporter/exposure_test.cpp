// Traffic by status: the nodes' counters, and their time.
#include "exporter/exposure.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::seconds;

Mono at(int s) {
  return Mono{} + seconds(s);
}

struct ExposureOf : ::testing::Test {
  Exposure exposure;
  Traffic node;

  void SetUp() override {
    exposure.configure(Cadences{});
    exposure.decide(1, 1);
  }
  void read(std::uint64_t counter, int s, const std::string& collector = "probe") {
    exposure.read(node, collector, counter, at(s));
  }
  void settle(Status status, int s, bool serving = true) {
    exposure.settle(node, status, serving, at(s));
  }
  double requests(Status status) const {
    return exposure.requests().at(static_cast<std::size_t>(status));
  }
  double time(Status status) const {
    return exposure.node_seconds().at(static_cast<std::size_t>(status));
  }
};

TEST_F(ExposureOf, TheFirstReadingIsOnlyABaseline) {
  read(1000, 0);
  settle(Status::canonical, 0);
  EXPECT_EQ(requests(Status::canonical), 0);
  read(1010, 15);
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::canonical), 10);
}

TEST_F(ExposureOf, ReadingsBeforeTheFirstEvaluationAreBaselines) {
  read(1000, 0);
  read(1500, 15);
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::canonical), 0);
}

TEST_F(ExposureOf, ACounterThatFellWasResetAndCountsItsNewValue) {
  read(1000, 0);
  settle(Status::canonical, 0);
  read(7, 15);
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::canonical), 7);
}

TEST_F(ExposureOf, ADeltaGoesToTheWorseStatusAtBothEnds) {
  read(0, 0);
  settle(Status::canonical, 0);
  read(10, 15);
  settle(Status::divergent, 15);
  EXPECT_EQ(requests(Status::divergent), 10);
  read(30, 30);
  settle(Status::transition, 30);
  EXPECT_EQ(requests(Status::divergent), 30);
  read(60, 45);
  settle(Status::transition, 45);
  EXPECT_EQ(requests(Status::transition), 30);
}

TEST_F(ExposureOf, UnknownIsWorseThanTransitionAndBetterThanDivergent) {
  read(0, 0);
  settle(Status::transition, 0);
  read(10, 15);
  settle(Status::unknown, 15);
  EXPECT_EQ(requests(Status::unknown), 10);
  read(20, 30);
  settle(Status::divergent, 30);
  EXPECT_EQ(requests(Status::divergent), 10);
}

TEST_F(ExposureOf, EvaluationsBetweenTwoReadingsDoNotMoveTheEnds) {
  read(0, 0);
  settle(Status::divergent, 0);
  settle(Status::canonical, 5);
  read(10, 15);
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::divergent), 10);
}

TEST_F(ExposureOf, ADeltaAcrossOneMissedPollStillCounts) {
  read(0, 0);
  settle(Status::canonical, 0);
  read(10, 31);
  settle(Status::canonical, 31);
  EXPECT_EQ(requests(Status::canonical), 10);
}

TEST_F(ExposureOf, ADeltaAcrossMoreThanTwoPollsIsUnknown) {
  read(0, 0);
  settle(Status::canonical, 0);
  read(10, 45);
  settle(Status::canonical, 45);
  EXPECT_EQ(requests(Status::canonical), 0);
  EXPECT_EQ(requests(Status::unknown), 10);
}

TEST_F(ExposureOf, ANodeThatDoesNotServeWeighsNothing) {
  read(0, 0);
  settle(Status::canonical, 0, false);
  read(10, 15);
  settle(Status::canonical, 15, false);
  EXPECT_EQ(requests(Status::canonical), 0);
  EXPECT_EQ(time(Status::canonical), 0);
  read(30, 30);
  settle(Status::canonical, 30, true);
  EXPECT_EQ(time(Status::canonical), 0);
}

TEST_F(ExposureOf, OneCollectorCountsANodesRequests) {
  read(0, 0, "postgres");
  read(500, 0, "edge");
  settle(Status::canonical, 0);
  read(900, 10, "edge");
  read(10, 15, "postgres");
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::canonical), 10);
}

TEST_F(ExposureOf, TimeIsCountedWhateverTheSource) {
  exposure.decide(0, 1);
  settle(Status::canonical, 0);
  settle(Status::canonical, 5);
  read(0, 5);
  read(10, 10);
  settle(Status::canonical, 10);
  EXPECT_EQ(time(Status::canonical), 10);
  EXPECT_EQ(requests(Status::canonical), 0);
}

TEST_F(ExposureOf, TimeGoesToTheWorseStatusToo) {
  settle(Status::canonical, 0);
  settle(Status::divergent, 5);
  settle(Status::canonical, 10);
  settle(Status::canonical, 12);
  EXPECT_EQ(time(Status::divergent), 10);
  EXPECT_EQ(time(Status::canonical), 2);
}

TEST_F(ExposureOf, TimeInWhichNothingWasEvaluatedIsUnknown) {
  settle(Status::canonical, 0);
  settle(Status::canonical, 100);
  EXPECT_EQ(time(Status::canonical), 0);
  EXPECT_EQ(time(Status::unknown), 100);
}

TEST_F(ExposureOf, RequestsAreTheSourceFromNinetyFivePercentOn) {
  exposure.decide(19, 20);
  EXPECT_TRUE(exposure.by_requests());
  exposure.decide(18, 20);
  EXPECT_FALSE(exposure.by_requests());
  exposure.decide(0, 0);
  EXPECT_FALSE(exposure.by_requests());
}

NodeDimension divergent() {
  NodeDimension out;
  out.status = Status::divergent;
  return out;
}

NodeDimension allowed(AllowanceSource source) {
  NodeDimension out;
  out.status = Status::transition;
  out.allowance = source;
  return out;
}

TEST(Exposed, DivergenceAndTheTransitionOfChangesMaintenanceAndLagCount) {
  EXPECT_EQ(exposed(divergent()), Status::divergent);
  for (const auto source :
       {AllowanceSource::change, AllowanceSource::maintenance, AllowanceSource::lag})
    EXPECT_EQ(exposed(allowed(source)), Status::transition);
}

TEST(Exposed, AcknowledgedCompatibleAndPreexistingCountAsCanonical) {
  for (const auto source : {AllowanceSource::acknowledged, AllowanceSource::compatible})
    EXPECT_EQ(exposed(allowed(source)), Status::canonical);
  NodeDimension old = divergent();
  old.preexisting = true;
  EXPECT_EQ(exposed(old), Status::canonical);
}

TEST_F(ExposureOf, EdgesThatComeAndGoAreForgotten) {
  for (int i = 0; i < 1000; ++i) {
    exposure.read_edge(node, "edge " + std::to_string(i), 5, at(60 * i));
    ASSERT_LE(node.edges.size(), kMostEdges);
  }
  EXPECT_TRUE(node.edges.contains("edge 999"));
}

TEST_F(ExposureOf, MoreEdgesThanAreHeardAddNothing) {
  for (int i = 0; i < 1000; ++i) exposure.read_edge(node, std::to_string(i), 5, at(0));
  settle(Status::canonical, 0);
  for (int i = 0; i < 1000; ++i) exposure.read_edge(node, std::to_string(i), 6, at(15));
  settle(Status::canonical, 15);
  EXPECT_EQ(requests(Status::canonical), kMostEdges);
}

}  // namespace
}  // namespace mse
