// A page: what it holds, and that it comes out of gzip as it went in.
#include "exporter/page.h"

#include <gtest/gtest.h>

#include "tests/support/gunzip.h"
#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

TEST(Page, HoldsTheServicesAndTheExporterItself) {
  SelfMetrics self("v", {});
  Snapshot snapshot = rich_snapshot();
  snapshot.at = Mono(std::chrono::seconds(7));
  snapshot.stale_after = std::chrono::seconds(90);
  const auto shared = std::make_shared<const Snapshot>(snapshot);
  const auto page = make_page(shared, {}, self, {});
  EXPECT_EQ(page->snapshot, shared);
  EXPECT_EQ(page->metrics, render_services(snapshot, {}).text + page->self_metrics);
  EXPECT_EQ(page->self_metrics, self.text({}, snapshot.wall));
  EXPECT_EQ(gunzip(page->metrics_gzip()), page->metrics);
  EXPECT_EQ(page->at, snapshot.at);
  EXPECT_EQ(page->stale_after, snapshot.stale_after);
  EXPECT_EQ(page->incomplete, 1);
}

TEST(Gzip, GivesBackEveryByte) {
  std::string large;
  for (int i = 0; i < 100000; ++i) large += std::to_string(i);
  for (const std::string& bytes : {std::string(), std::string("a"), std::string(1, '\0'), large}) {
    EXPECT_EQ(gunzip(gzip(bytes)), bytes);
  }
  EXPECT_LT(gzip(large).size(), large.size() / 2);
}

}  // namespace
}  // namespace mse
