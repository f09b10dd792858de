// Sessions of every collector: a poll, or a reading of positions, that begins after their end.
#include "collectors/node_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "exporter/load_config.h"
#include "tests/support/client_loop.h"

namespace mse {
namespace {

using std::chrono::seconds;

struct Kind {
  std::string_view name;
  const char* settings;
  bool has_positions = false;
};

class SessionThatEnded : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Session> session() {
    const auto& kinds = collector_kinds();
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [](const CollectorKind& each) {
      return each.name == GetParam().name;
    });
    auto options = parse_options(GetParam().settings, "settings.yml");
    auto collector = kind->make(std::move(options.value()));
    return collector.value()->open("127.0.0.1:9", process.environment);
  }

  ClientLoop process;
};

TEST_P(SessionThatEnded, FailsThePollThatBeginsThen) {
  auto ended = session();
  auto poll = ended->poll(Depth::deep, in(seconds(5)));
  ended.reset();
  const auto report = process.run(std::move(poll));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().text, "the session was closed meanwhile");
}

TEST_P(SessionThatEnded, ReadsNoPositions) {
  auto ended = session();
  auto position = ended->position(in(seconds(5)));
  ended.reset();
  const auto reading = process.run(std::move(position));
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().reason,
            GetParam().has_positions ? Reason::internal : Reason::unsupported);
}

INSTANTIATE_TEST_SUITE_P(
    Collectors, SessionThatEnded,
    testing::Values(Kind{"http", "{dimension: v, body: true}"},
                    Kind{"postgres", "{user: mon}", true}, Kind{"prometheus", "{}"},
                    Kind{"query", "{user: mon, dimension: v, sql: SELECT 1 AS value}"},
                    Kind{"redis", "{}", true}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace mse
