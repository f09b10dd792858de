// Failures inside a poll that as a whole did not fail.
#include "exporter/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Reading reading(std::variant<Unknown, Absent, State> outcome) {
  return {std::move(outcome), false, std::nullopt};
}

TEST(Report, UnreadDimensionsAreNamedByReason) {
  Report report;
  report.dimensions["config"] = reading(Unknown{Reason::permission});
  report.dimensions["hba"] = reading(Unknown{Reason::permission});
  report.dimensions["schema_version"] = reading(Unknown{Reason::lock});
  report.dimensions["schema"] = reading(State{});
  EXPECT_THAT(unread_dimensions(report), ElementsAre(Pair(Reason::permission, "config,hba"),
                                                     Pair(Reason::lock, "schema_version")));
}

TEST(Report, AbsentAndUnsupportedDimensionsAreNoFailure) {
  Report report;
  report.dimensions["schema_version"] = reading(Absent{});
  report.dimensions["hba"] = reading(Unknown{Reason::unsupported});
  EXPECT_THAT(unread_dimensions(report), IsEmpty());
}

}  // namespace
}  // namespace mse
