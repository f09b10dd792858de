// The gate's own metrics.
#include <gtest/gtest.h>

#include "exporter/exposition.h"
#include "tests/exporter/gate_case.h"
#include "tests/support/exposition_reader.h"

namespace mse {
namespace {

// The gate's series of a page with the service alone.
std::map<std::string, double> gate_series(const ServiceView& service) {
  Snapshot snapshot;
  snapshot.services = {service};
  const ReadPage page = read_exposition(render_services(snapshot, {}).text);
  EXPECT_EQ(page.error, "");
  std::map<std::string, double> out;
  for (const auto& [name, value] : page.series) {
    if (name.starts_with("mixed_state_gate_")) out.emplace(name.substr(12), value);
  }
  return out;
}

const std::string kVerdict = R"(gate_verdict{service="shop",shard="0"})";
const std::string kReason = R"(gate_reason_info{service="shop",shard="0",reason=")";

using Series = std::map<std::string, double>;

TEST(GateMetrics, GoHasNoReason) {
  EXPECT_EQ(gate_series(GateCase().service), (Series{{kVerdict, 0}}));
}

TEST(GateMetrics, UnknownIsOneHoldTwoRollbackThree) {
  GateCase shop;
  shop.diverges(1, "X");
  EXPECT_EQ(gate_series(shop.service),
            (Series{{kVerdict, 2}, {kReason + "divergent_nodes\"}", 1}}));
  shop.change("A", "B", "d-1").reached = std::chrono::seconds(1);
  shop.dimension().compatible = false;
  EXPECT_EQ(gate_series(shop.service), (Series{{kVerdict, 3}, {kReason + "incompatible\"}", 1}}));
  shop.is_unknown(2);
  EXPECT_EQ(gate_series(shop.service), (Series{{kVerdict, 1}, {kReason + "unknown_nodes\"}", 1}}));
}

TEST(GateMetrics, AreTheAnswerToTheOldestDeclaredChange) {
  GateCase shop;
  shop.diverges(1, "B");
  EXPECT_EQ(gate_series(shop.service).at(kVerdict), 2);
  shop.change("A", "B", "d-1");
  EXPECT_EQ(gate_series(shop.service).at(kVerdict), 0);
}

TEST(GateMetrics, AReasonOfTwoDimensionsIsOneSeries) {
  GateCase shop;
  shop.dimension().canonical[""] = {{}, "", NoCanonical::no_majority};
  shop.dimension("access_policy").canonical[""] = {{}, "", NoCanonical::no_majority};
  EXPECT_EQ(gate_series(shop.service), (Series{{kVerdict, 1}, {kReason + "no_canonical\"}", 1}}));
}

}  // namespace
}  // namespace mse
