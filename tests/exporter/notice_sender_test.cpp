// Notices on their way to a webhook: one after the other, again after a failure, and given up.
#include "exporter/notice_sender.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <vector>

#include "exporter/log.h"
#include "tests/support/event_loop.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

std::vector<std::string> received;
std::vector<std::string> places;
int failures = 0;  // that are still to come

asio::awaitable<Polled<void>> take(std::shared_ptr<Environment>, UrlSource source, std::string body,
                                   Mono) {
  places.push_back(source.url);
  if (failures > 0) {
    --failures;
    co_return tl::unexpected(Failure{Reason::overload, "busy"});
  }
  received.push_back(body);
  co_return Polled<void>();
}

class NoticeSenderTest : public testing::Test {
 protected:
  NoticeSenderTest() {
    start_log(LogLevel::error, LogFormat::logfmt);
    received.clear();
    places.clear();
    failures = 0;
    environment_->executor = loop_.get_executor();
    webhook_.to.url = "http://hooks/a";
    sender.emplace(
        environment_, take, [this](bool sent) { results.push_back(sent); },
        BackoffLimits{milliseconds(1), milliseconds(2), milliseconds(2)});
    sender->configure(webhook_);
  }
  ~NoticeSenderTest() override { start_log(LogLevel::info, LogFormat::logfmt); }

  bool until(std::size_t count) {
    return run_until(loop_, [&] { return results.size() == count; });
  }

  asio::io_context loop_{1};
  std::shared_ptr<Environment> environment_ = std::make_shared<Environment>();
  ChangeWebhook webhook_;
  std::vector<bool> results;
  std::optional<NoticeSender> sender;
};

TEST_F(NoticeSenderTest, SendsInOrder) {
  for (const char* body : {"1", "2", "3"}) sender->tell(body);
  ASSERT_TRUE(until(3));
  EXPECT_THAT(received, ElementsAre("1", "2", "3"));
  sender->tell("4");
  ASSERT_TRUE(until(4));
  EXPECT_THAT(results, testing::Each(true));
}

TEST_F(NoticeSenderTest, TriesAgainAfterAFailure) {
  failures = 4;
  sender->tell("1");
  ASSERT_TRUE(until(1));
  EXPECT_THAT(received, ElementsAre("1"));
  EXPECT_EQ(places.size(), 5U);
}

TEST_F(NoticeSenderTest, GivesUpAfterFiveTriesAndGoesOn) {
  failures = 5;
  sender->tell("lost");
  sender->tell("next");
  ASSERT_TRUE(until(2));
  EXPECT_THAT(results, ElementsAre(false, true));
  EXPECT_THAT(received, ElementsAre("next"));
}

TEST_F(NoticeSenderTest, KeepsAHundredAndGivesTheOldestUp) {
  for (int i = 0; i < 103; ++i) sender->tell(std::to_string(i));
  ASSERT_TRUE(until(103));
  EXPECT_EQ(received.size(), 100U);
  EXPECT_EQ(received.front(), "3");
  EXPECT_EQ(std::count(results.begin(), results.end(), false), 3);
}

TEST_F(NoticeSenderTest, FollowsTheConfiguration) {
  webhook_.to.url = "http://hooks/b";
  sender->configure(webhook_);
  sender->tell("1");
  ASSERT_TRUE(until(1));
  EXPECT_THAT(places, ElementsAre("http://hooks/b"));
  sender->configure(std::nullopt);
  sender->tell("2");
  loop_.restart();
  loop_.run_for(milliseconds(5));
  EXPECT_EQ(results.size(), 1U);
}

TEST_F(NoticeSenderTest, MayGoWhileItWaits) {
  failures = 100;
  sender->tell("1");
  ASSERT_TRUE(run_until(loop_, [] { return places.size() == 1; }));
  sender.reset();
  loop_.restart();
  loop_.run_for(milliseconds(20));
  EXPECT_TRUE(results.empty());
}

}  // namespace
}  // namespace mse
