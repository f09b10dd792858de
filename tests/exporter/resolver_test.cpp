// The resolver, over lookups that a test holds back and lets go.
#include "exporter/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>

#include "tests/support/event_loop.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Mono in(Duration wait) {
  return std::chrono::steady_clock::now() + wait;
}

Addresses loopback() {
  return {asio::ip::make_address("127.0.0.1")};
}

// Names as a test wants them; held ones answer only once they are released.
class Names {
 public:
  Polled<Addresses> look_up(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++lookups_[host];
    inside_.insert(host);
    changed_.wait(lock, [&] { return !held_.contains(host); });
    inside_.erase(inside_.find(host));
    if (host.starts_with("throws")) throw std::runtime_error("broken");
    if (host.starts_with("dead")) return tl::unexpected(Failure{Reason::dns, "no such name"});
    return host.starts_with("none") ? Addresses{} : loopback();
  }

  void hold(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    held_.insert(host);
  }
  void release(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    held_.erase(host);
    changed_.notify_all();
  }
  std::set<std::string> inside() {
    const std::scoped_lock lock(mutex_);
    return {inside_.begin(), inside_.end()};
  }
  int lookups(const std::string& host) {
    const std::scoped_lock lock(mutex_);
    return lookups_[host];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  std::multiset<std::string> inside_;
  std::map<std::string, int> lookups_;
};

class ResolverTest : public testing::Test {
 protected:
  using Result = std::shared_ptr<std::optional<Polled<Addresses>>>;

  ~ResolverTest() override {
    for (const auto& host : held_) names_->release(host);
  }

  void hold(const std::string& host) {
    held_.push_back(host);
    names_->hold(host);
  }

  Resolver& with(ResolverLimits limits) {
    auto lookup = [names = names_](const std::string& host) { return names->look_up(host); };
    resolver_.emplace(io_.get_executor(), limits, lookup);
    return *resolver_;
  }

  Result start(Resolver& resolver, const std::string& host, Duration wait = seconds(30)) {
    const auto result = std::make_shared<std::optional<Polled<Addresses>>>();
    asio::co_spawn(io_, resolver.resolve(host, in(wait)),
                   [result](const std::exception_ptr& thrown, Polled<Addresses> addresses) {
                     EXPECT_FALSE(thrown);
                     *result = std::move(addresses);
                   });
    return result;
  }

  Polled<Addresses> wait(const Result& result) {
    EXPECT_TRUE(run_until(io_, [&] { return result->has_value(); }));
    return result->value_or(Addresses{});
  }

  Polled<Addresses> resolve(Resolver& resolver, const std::string& host,
                            Duration patience = seconds(30)) {
    return wait(start(resolver, host, patience));
  }

  bool until(const std::function<bool()>& done) { return run_until(io_, done); }

  std::shared_ptr<Names> names_ = std::make_shared<Names>();
  std::vector<std::string> held_;
  asio::io_context io_;
  std::optional<Resolver> resolver_;
};

TEST_F(ResolverTest, ALiteralAddressNeedsNoLookup) {
  auto& resolver = with({});
  EXPECT_EQ(resolve(resolver, "192.0.2.7"), Addresses{asio::ip::make_address("192.0.2.7")});
  EXPECT_EQ(resolve(resolver, "2001:db8::1"), Addresses{asio::ip::make_address("2001:db8::1")});
  EXPECT_EQ(names_->lookups("192.0.2.7") + names_->lookups("2001:db8::1"), 0);
}

TEST_F(ResolverTest, ANameIsLookedUpOnceAndKept) {
  auto& resolver = with({});
  EXPECT_EQ(resolve(resolver, "pg-1"), loopback());
  EXPECT_EQ(resolve(resolver, "pg-1"), loopback());
  EXPECT_EQ(names_->lookups("pg-1"), 1);
}

TEST_F(ResolverTest, AKeptNameIsLookedUpAgainWhenItIsOld) {
  auto& resolver = with({.keep = milliseconds(1)});
  EXPECT_TRUE(until([&] {
    EXPECT_EQ(resolve(resolver, "pg-1"), loopback());
    return names_->lookups("pg-1") == 3;
  }));
}

TEST_F(ResolverTest, AFailureIsKept) {
  auto& resolver = with({.keep = Duration(0)});
  const auto first = resolve(resolver, "dead");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().reason, Reason::dns);
  EXPECT_FALSE(resolve(resolver, "dead"));
  EXPECT_EQ(names_->lookups("dead"), 1);
}

TEST_F(ResolverTest, AKeptFailureIsLookedUpAgainWhenItIsOld) {
  auto& resolver = with({.keep_failure = milliseconds(1)});
  EXPECT_TRUE(until([&] { return !resolve(resolver, "dead") && names_->lookups("dead") == 3; }));
}

TEST_F(ResolverTest, ANameWithoutAddressesIsAFailure) {
  const auto result = resolve(with({}), "none");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::dns);
}

TEST_F(ResolverTest, WhatIsNoNameIsRefusedWithoutALookup) {
  auto& resolver = with({});
  for (const auto& host : {std::string(), std::string("a\0b", 3), std::string(254, 'a')}) {
    const auto result = resolve(resolver, host);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::dns);
    EXPECT_EQ(names_->lookups(host), 0);
  }
}

TEST_F(ResolverTest, ALookupThatThrowsIsAFailure) {
  const auto result = resolve(with({}), "throws");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::internal);
}

TEST_F(ResolverTest, ThoseWhoAskAtTheSameTimeShareOneLookup) {
  auto& resolver = with({});
  hold("pg-1");
  std::vector<Result> results;
  for (int i = 0; i < 5; ++i) results.push_back(start(resolver, "pg-1"));
  ASSERT_TRUE(until([&] { return names_->inside().contains("pg-1"); }));
  names_->release("pg-1");
  for (const auto& result : results) EXPECT_EQ(wait(result), loopback());
  EXPECT_EQ(names_->lookups("pg-1"), 1);
}

TEST_F(ResolverTest, ANameThatHangsDoesNotDelayAnother) {
  auto& resolver = with({});
  hold("hung");
  const auto hung = start(resolver, "hung");
  ASSERT_TRUE(until([&] { return names_->inside().contains("hung"); }));
  EXPECT_EQ(resolve(resolver, "localhost"), loopback());
  EXPECT_FALSE(hung->has_value());
}

TEST_F(ResolverTest, TheDeadlineIsHonouredAndALateAnswerIsKept) {
  auto& resolver = with({});
  hold("late");
  const auto result = resolve(resolver, "late", milliseconds(10));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::deadline);
  names_->release("late");
  EXPECT_EQ(resolve(resolver, "late"), loopback());
  EXPECT_EQ(names_->lookups("late"), 1);
}

TEST_F(ResolverTest, TooManyWaitingNamesAreRefusedAtOnce) {
  auto& resolver = with({.threads = 1, .waiting = 1});
  hold("hung");
  start(resolver, "hung");
  ASSERT_TRUE(until([&] { return names_->inside().contains("hung"); }));
  const auto waiting = start(resolver, "waiting");
  const auto refused = resolve(resolver, "refused");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::dns);
  names_->release("hung");
  EXPECT_EQ(wait(waiting), loopback());
}

TEST_F(ResolverTest, NeverMoreLookupsAtOnceThanThreads) {
  auto& resolver = with({.threads = 2});
  for (const auto* host : {"a", "b", "c"}) hold(host);
  std::vector<Result> results;
  for (const auto* host : {"a", "b", "c"}) results.push_back(start(resolver, host));
  ASSERT_TRUE(until([&] { return names_->inside().size() == 2; }));
  EXPECT_THAT(names_->inside(), ElementsAre("a", "b"));
  for (const auto* host : {"a", "b", "c"}) names_->release(host);
  for (const auto& result : results) EXPECT_EQ(wait(result), loopback());
}

TEST_F(ResolverTest, SlowNamesGetAtMostHalfOfTheThreads) {
  const auto made = in(Duration(0));
  auto& resolver = with({.threads = 2, .keep_failure = Duration(0), .slow = milliseconds(5)});
  hold("dead-1");
  hold("dead-2");
  const auto first = start(resolver, "dead-1");
  const auto second = start(resolver, "dead-2");
  ASSERT_TRUE(until([&] {
    return names_->inside().size() == 2 &&
           std::chrono::steady_clock::now() > made + milliseconds(100);
  }));
  names_->release("dead-1");
  names_->release("dead-2");
  EXPECT_FALSE(wait(first));
  EXPECT_FALSE(wait(second));

  hold("dead-1");
  hold("dead-2");
  const auto again = start(resolver, "dead-1");
  const auto behind = start(resolver, "dead-2");
  EXPECT_EQ(resolve(resolver, "healthy"), loopback());
  EXPECT_THAT(names_->inside(), SizeIs(1));
  names_->release("dead-1");
  names_->release("dead-2");
  EXPECT_FALSE(wait(again));
  EXPECT_FALSE(wait(behind)) << "a slow name waits its turn, not for ever";
}

TEST_F(ResolverTest, AHungLookupBlocksNoDestructionAndNeverTouchesTheLoopAgain) {
  hold("hung");
  const auto own = std::make_shared<std::optional<Polled<Addresses>>>();
  {
    asio::io_context io;
    Resolver resolver(io.get_executor(), {},
                      [names = names_](const std::string& host) { return names->look_up(host); });
    asio::co_spawn(
        io, resolver.resolve("hung", in(seconds(30))),
        [own](const std::exception_ptr&, const Polled<Addresses>& result) { *own = result; });
    ASSERT_TRUE(run_until(io, [&] { return names_->inside().contains("hung"); }));
  }
  names_->release("hung");
  EXPECT_TRUE(until([&] { return names_->inside().empty(); }));
  EXPECT_FALSE(own->has_value());
}

TEST_F(ResolverTest, WhoStillWaitsWhenTheResolverGoesIsToldAtItsDeadline) {
  hold("hung");
  const auto result = start(with({}), "hung", milliseconds(30));
  ASSERT_TRUE(until([&] { return names_->inside().contains("hung"); }));
  resolver_.reset();
  const auto answer = wait(result);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::deadline);
}

TEST(SystemLookup, LocalhostIsThisMachine) {
  const auto result = system_lookup("localhost");
  ASSERT_TRUE(result) << result.error().text;
  ASSERT_THAT(*result, Not(IsEmpty()));
  for (const auto& address : *result) EXPECT_TRUE(address.is_loopback()) << address;
}

TEST(SystemLookup, AMalformedNameIsADnsFailure) {
  const auto result = system_lookup("not a host name");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::dns);
  EXPECT_THAT(result.error().text, testing::HasSubstr("not a host name: "));
}

}  // namespace
}  // namespace mse
