// Declarations fetched from URLs: each once at a time, told when they come, dropped with their
// reader.
#include "exporter/declared_urls.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <vector>

#include "tests/support/event_loop.h"

namespace mse {
namespace {

using std::chrono::seconds;

int fetches = 0;

asio::awaitable<Polled<std::string>> give_url(std::shared_ptr<Environment>, UrlSource source,
                                              Mono) {
  ++fetches;
  co_return source.url;
}

asio::awaitable<Polled<std::string>> hang(std::shared_ptr<Environment> environment, UrlSource,
                                          Mono) {
  ++fetches;
  asio::steady_timer timer(environment->executor, seconds(60));
  co_await timer.async_wait(asio::use_awaitable);
  co_return std::string("never");
}

class DeclaredUrlsTest : public testing::Test {
 protected:
  DeclaredUrlsTest() {
    fetches = 0;
    environment_->executor = loop_.get_executor();
    settings_.name = "checkout";
    settings_.canonical["config"] = {PolicyKind::declared, UrlSource{"http://a/state", "", "", {}}};
    settings_.canonical["schema"] = {PolicyKind::declared, Literal{"41"}};
    settings_.changes["schema"] = UrlSource{"http://a/change", "", "", {}};
  }

  DeclaredUrls reader(Fetch fetch) {
    return {environment_, fetch,
            [this](const DeclaredUrls::Place& place, Polled<std::string> text) {
              told_.push_back(place);
              texts_.push_back(std::move(text));
            }};
  }
  static Mono in(Duration duration) { return std::chrono::steady_clock::now() + duration; }

  asio::io_context loop_{1};
  std::shared_ptr<Environment> environment_ = std::make_shared<Environment>();
  ServiceSettings settings_;
  std::vector<DeclaredUrls::Place> told_;
  std::vector<Polled<std::string>> texts_;
};

TEST_F(DeclaredUrlsTest, EachUrlIsFetchedAndTold) {
  auto urls = reader(give_url);
  urls.read(settings_, in(seconds(5)));
  ASSERT_TRUE(run_until(loop_, [&] { return told_.size() == 2; }));
  EXPECT_EQ(told_[0].dimension, "config");
  EXPECT_FALSE(told_[0].change);
  EXPECT_EQ(texts_[0].value(), "http://a/state");
  EXPECT_TRUE(told_[1].change);
  EXPECT_EQ(texts_[1].value(), "http://a/change");
}

TEST_F(DeclaredUrlsTest, OneUnderWayIsNotStartedAgain) {
  auto urls = reader(hang);
  for (int i = 0; i < 3; ++i) urls.read(settings_, in(std::chrono::milliseconds(100)));
  ASSERT_TRUE(run_until(loop_, [&] { return told_.size() == 2; }));
  EXPECT_EQ(fetches, 2);
  EXPECT_EQ(texts_[0].error().reason, Reason::deadline);
}

TEST_F(DeclaredUrlsTest, NothingIsToldOnceTheReaderIsGone) {
  {
    auto urls = reader(hang);
    urls.read(settings_, in(std::chrono::milliseconds(50)));
    loop_.poll();
  }
  loop_.restart();
  loop_.run_for(seconds(1));
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(fetches, 2);
}

TEST_F(DeclaredUrlsTest, WithoutAFetchUrlsAreUnsupported) {
  auto urls = reader(nullptr);
  urls.read(settings_, in(seconds(5)));
  ASSERT_EQ(texts_.size(), 2U);
  EXPECT_EQ(texts_[0].error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace mse
