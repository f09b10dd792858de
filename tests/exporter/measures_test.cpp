// Measures M3 to M5 and M8: from what nodes tell to counters of a service.
#include "exporter/measures.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Measures runs(std::uint64_t succeeded, std::uint64_t failed) {
  Measures told;
  auto& nightly = told.reconciliations["nightly"];
  nightly.succeeded = succeeded;
  nightly.failed = failed;
  return told;
}

Measures pending(std::uint64_t items, Duration oldest) {
  Measures told;
  auto& nightly = told.reconciliations["nightly"];
  nightly.pending_items = items;
  nightly.oldest_pending = oldest;
  return told;
}

Measures decisions(std::uint64_t allowed, std::uint64_t denied) {
  Measures told;
  told.allowed = allowed;
  told.denied = denied;
  return told;
}

struct Book : ::testing::Test {
  MeasureBook book;
  Mono now = Mono{} + minutes(10);

  void SetUp() override { book.configure(Cadences{}); }
  void tells(std::uint64_t node, const Measures& told, const std::string& collector = "http") {
    book.read(node, collector, told, now);
  }
  void settle(std::uint64_t node, Status status, bool serving = true) {
    NodeView view;
    view.exposure = status;
    view.serving = serving;
    book.settle(node, view);
  }
  void settle_probe(std::uint64_t node, Status status) {
    NodeView view;
    view.dimensions["authz"].status = status;
    book.settle(node, view);
  }
  MeasuresView::Reconciliation nightly() const { return book.view().reconciliations.at("nightly"); }
  GoodAndBad decided(Status status) const {
    return book.view().decisions->at(static_cast<std::size_t>(status));
  }
};

TEST_F(Book, NothingToldIsAbsent) {
  const MeasuresView view = book.view();
  EXPECT_TRUE(view.reconciliations.empty());
  EXPECT_TRUE(view.streams.empty());
  EXPECT_FALSE(view.schemas);
  EXPECT_FALSE(view.decisions);
  EXPECT_FALSE(view.probes);
}

TEST_F(Book, TheFirstReadingIsABaselineAndCountsZero) {
  tells(1, runs(100, 7));
  EXPECT_EQ(nightly().runs->good, 0U);
  EXPECT_EQ(nightly().runs->bad, 0U);
  tells(1, runs(103, 8));
  EXPECT_EQ(nightly().runs->good, 3U);
  EXPECT_EQ(nightly().runs->bad, 1U);
}

TEST_F(Book, ACounterThatFellWasResetAndCountsItsNewValue) {
  tells(1, runs(100, 7));
  tells(1, runs(5, 7));
  EXPECT_EQ(nightly().runs->good, 5U);
  EXPECT_EQ(nightly().runs->bad, 0U);
}

TEST_F(Book, ACounterLeftOutForAPollKeepsItsBaseline) {
  tells(1, runs(100, 7));
  tells(1, Measures{});
  tells(1, runs(104, 7));
  EXPECT_EQ(nightly().runs->good, 4U);
}

TEST_F(Book, NodesAndCollectorsAddUpEachFromABaselineOfItsOwn) {
  tells(1, runs(100, 0));
  tells(2, runs(1, 0));
  tells(2, runs(50, 0), "query");
  tells(1, runs(101, 0));
  tells(2, runs(3, 0));
  tells(2, runs(54, 0), "query");
  EXPECT_EQ(nightly().runs->good, 7U);
}

TEST_F(Book, ANodeThatLeftKeepsWhatItCountedAndTakesItsStandingsAlong) {
  tells(1, runs(100, 0));
  tells(1, runs(105, 0));
  tells(2, pending(4, seconds(9)));
  book.keep({1});
  EXPECT_EQ(nightly().runs->good, 5U);
  EXPECT_FALSE(nightly().pending_items);
  EXPECT_FALSE(nightly().oldest_pending);
}

TEST_F(Book, EachNewRunIsObservedWithTheLastDuration) {
  Measures told = runs(10, 1);
  told.reconciliations["nightly"].last_duration = seconds(4);
  tells(1, told);
  EXPECT_EQ(nightly().duration->count(), 0U) << "a run from before the baseline";
  tells(1, told);
  EXPECT_EQ(nightly().duration->count(), 0U) << "the same run seen again";
  told.reconciliations["nightly"].succeeded = 11;
  told.reconciliations["nightly"].failed = 2;
  tells(1, told);
  EXPECT_EQ(nightly().duration->count(), 2U);
  EXPECT_EQ(nightly().duration->sum(), 8);
}

TEST_F(Book, StandingsAreSummedAndTheOldestPendingIsTheLongest) {
  tells(1, pending(4, seconds(9)));
  tells(2, pending(6, seconds(90)));
  EXPECT_EQ(nightly().pending_items, 10U);
  EXPECT_EQ(nightly().oldest_pending, seconds(90));
}

TEST_F(Book, ASumWithANodeThatCannotBeReadIsAbsentNotSmaller) {
  tells(1, pending(4, seconds(9)));
  tells(2, pending(6, seconds(90)));
  book.lost(2, "http");
  EXPECT_FALSE(nightly().pending_items);
  EXPECT_EQ(nightly().oldest_pending, seconds(9)) << "at least this is known";
  book.lost(1, "http");
  EXPECT_FALSE(nightly().oldest_pending);
  tells(1, pending(5, seconds(1)));
  tells(2, pending(5, seconds(2)));
  EXPECT_EQ(nightly().pending_items, 10U);
}

TEST_F(Book, AStandingThatIsNotToldAnyMoreIsAbsent) {
  tells(1, pending(4, seconds(9)));
  tells(1, runs(1, 1));
  EXPECT_FALSE(nightly().pending_items);
}

// A switchover: the former primary answers, and has no job table to tell of.
TEST_F(Book, StandingsOfANodeThatTellsNothingAnyMoreAreGone) {
  tells(1, pending(5, seconds(900)));
  tells(2, pending(7, seconds(3)));
  book.told_nothing(1, "http");
  EXPECT_EQ(nightly().pending_items, 7U);
  EXPECT_EQ(nightly().oldest_pending, seconds(3));
}

TEST_F(Book, StandingsOfOthersAreKnownAgainOnceANodeTellsNothingAfterItWasLost) {
  tells(1, pending(5, seconds(900)));
  tells(2, pending(7, seconds(3)));
  book.lost(1, "http");
  EXPECT_FALSE(nightly().pending_items);
  book.told_nothing(1, "http");
  EXPECT_EQ(nightly().pending_items, 7U);
}

// A failed job that is tried again, rows that are pruned.
TEST_F(Book, ACountOfRowsThatFellWasNotReset) {
  Measures told = runs(1000, 500);
  told.of_rows = true;
  tells(1, told);
  told.reconciliations["nightly"].failed = 499;
  tells(1, told);
  EXPECT_EQ(nightly().runs->bad, 0U);
  told.reconciliations["nightly"].failed = 501;
  tells(1, told);
  EXPECT_EQ(nightly().runs->bad, 2U);
}

TEST_F(Book, TheNewestSuccessOfAllNodesIsRememberedWhenItsNodeIsLost) {
  Measures told = runs(1, 0);
  told.reconciliations["nightly"].last_success = Wall(seconds(500));
  tells(1, told);
  told.reconciliations["nightly"].last_success = Wall(seconds(400));
  tells(2, told);
  book.lost(1, "http");
  EXPECT_EQ(nightly().last_success, Wall(seconds(500)));
}

TEST_F(Book, StreamsAndSchemasCountApart) {
  Measures told;
  told.streams["orders"] = {1000, 3};
  told.valid_schemas = 50;
  tells(1, told);
  told.streams["orders"] = {1100, 4};
  told.valid_schemas = 57;
  told.schema_errors = 2;
  tells(1, told);
  EXPECT_EQ(book.view().streams.at("orders").events, 100U);
  EXPECT_EQ(book.view().streams.at("orders").duplicates, 1U);
  EXPECT_EQ(book.view().schemas->good, 7U);
  EXPECT_EQ(book.view().schemas->bad, 0U) << "its baseline came with the second poll";
}

// One document may have several errors: what is left of all is then no count that only grows.
TEST_F(Book, SchemasThatAreAllBadAreNotTakenForAReset) {
  Measures told;
  told.schema_validations = 1'000'000;
  told.schema_errors = 10;
  tells(1, told);
  told.schema_validations = 1'000'100;
  told.schema_errors = 310;
  tells(1, told);
  EXPECT_EQ(book.view().schemas->good, 0U);
  EXPECT_EQ(book.view().schemas->bad, 300U);
  told.schema_validations = 1'000'200;
  tells(1, told);
  EXPECT_EQ(book.view().schemas->good, 100U);
}

TEST_F(Book, AStreamWithoutADuplicateCounterHasNoneNotZero) {
  Measures told;
  told.streams["orders"].events = 1;
  tells(1, told);
  EXPECT_FALSE(book.view().streams.at("orders").duplicates);
}

TEST_F(Book, DecisionsGoToTheWorseStatusAtBothEndsOfAPoll) {
  tells(1, decisions(100, 10));
  settle(1, Status::canonical);
  now += seconds(15);
  tells(1, decisions(105, 11));
  settle(1, Status::divergent);
  now += seconds(15);
  tells(1, decisions(107, 11));
  settle(1, Status::canonical);
  EXPECT_EQ(decided(Status::divergent).good, 7U);
  EXPECT_EQ(decided(Status::divergent).bad, 1U);
  EXPECT_EQ(decided(Status::canonical).good, 0U);
}

TEST_F(Book, DecisionsAcrossALongGapAreOfUnknownStatus) {
  tells(1, decisions(100, 10));
  settle(1, Status::canonical);
  now += minutes(5);
  tells(1, decisions(103, 10));
  settle(1, Status::canonical);
  EXPECT_EQ(decided(Status::unknown).good, 3U);
  EXPECT_EQ(decided(Status::canonical).good, 0U);
}

TEST_F(Book, DecisionsOfANodeThatDoesNotServeWeighNothing) {
  tells(1, decisions(100, 10));
  settle(1, Status::canonical, false);
  now += seconds(15);
  tells(1, decisions(103, 10));
  settle(1, Status::canonical, false);
  EXPECT_EQ(decided(Status::canonical).good, 0U);
}

TEST_F(Book, EachPollOfAProbeCountsOnceByItsStatus) {
  const std::map<Status, ProbeResult> expected{{Status::canonical, ProbeResult::match},
                                               {Status::divergent, ProbeResult::drift},
                                               {Status::transition, ProbeResult::drift},
                                               {Status::unknown, ProbeResult::error}};
  std::map<ProbeResult, std::uint64_t> counted;
  for (const auto& [status, result] : expected) {
    book.probed(1, "http", "authz");
    settle_probe(1, status);
    settle_probe(1, status);  // no poll in between
    ++counted[result];
    EXPECT_EQ((*book.view().probes)[result], counted[result]);
  }
}

TEST_F(Book, APollOfAProbeThatFailedIsAnError) {
  book.probed(1, "http", "authz");
  settle_probe(1, Status::canonical);
  book.lost(1, "http");
  settle_probe(1, Status::unknown);
  EXPECT_EQ((*book.view().probes)[ProbeResult::match], 1U);
  EXPECT_EQ((*book.view().probes)[ProbeResult::error], 1U);
}

TEST_F(Book, KindsBeyondTheCapAreSummedAsOther) {
  Measures told;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      auto& kind = told.reconciliations["kind " + std::to_string(i)];
      kind.succeeded = kind.succeeded.value_or(7) + 1;
      kind.pending_items = 1;
      told.streams["stream " + std::to_string(i)].events = *kind.succeeded;
    }
    tells(1, told);
  }
  const MeasuresView view = book.view();
  EXPECT_EQ(view.reconciliations.size(), kMeasuredNames + 1);
  EXPECT_EQ(view.reconciliations.at("other").runs->good, 36U);
  EXPECT_EQ(view.reconciliations.at("other").pending_items, 36U);
  EXPECT_EQ(view.streams.size(), kMeasuredNames + 1);
  EXPECT_EQ(view.streams.at("other").events, 36U);
}

TEST_F(Book, NamesThatChangeAtEveryPollDoNotPileUp) {
  for (int i = 0; i < 1000; ++i) {
    Measures told;
    told.reconciliations["kind " + std::to_string(i)].pending_items = 1;
    tells(1, told);
  }
  EXPECT_LE(book.view().reconciliations.size(), kMeasuredNames + 1);
  EXPECT_EQ(book.view().reconciliations.at("other").pending_items, 1U);
}

}  // namespace
}  // namespace mse
