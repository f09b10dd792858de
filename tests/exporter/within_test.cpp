// within: what work says or throws comes through at once; what says nothing is cancelled in time.
#include "exporter/within.h"

#include <gtest/gtest.h>

#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <stdexcept>

#include "tests/support/event_loop.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Work = asio::awaitable<Polled<int>>;

Mono in(Duration wait) {
  return std::chrono::steady_clock::now() + wait;
}

Work answers(int value) {
  co_return value;
}

Work fails(Reason reason) {
  co_return tl::unexpected(Failure{reason, "said so"});
}

Work throws_after(Duration wait, std::exception_ptr error) {
  asio::steady_timer timer(co_await asio::this_coro::executor, wait);
  co_await timer.async_wait(asio::use_awaitable);
  std::rethrow_exception(error);
}

Work hangs(std::shared_ptr<bool> ended) {
  const auto told = std::shared_ptr<void>(nullptr, [ended](void*) { *ended = true; });
  asio::steady_timer timer(co_await asio::this_coro::executor, Mono::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return 0;
}

// Cannot be cancelled: ends when `timer` is cancelled by hand.
Work ignores(std::shared_ptr<asio::steady_timer> timer, std::shared_ptr<bool> ended) {
  const auto told = std::shared_ptr<void>(nullptr, [ended](void*) { *ended = true; });
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  std::error_code by_hand;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, by_hand));
  co_return 0;
}

class Within : public testing::Test {
 protected:
  Polled<int> run(Mono deadline, Work work) {
    std::optional<Polled<int>> result;
    spawn(deadline, std::move(work), result);
    EXPECT_TRUE(run_until(io_, [&] { return result.has_value(); }));
    return result.value_or(0);
  }

  void spawn(Mono deadline, Work work, std::optional<Polled<int>>& result,
             asio::cancellation_slot slot = {}) {
    auto done = [&result](const std::exception_ptr& thrown, Polled<int> got) {
      EXPECT_FALSE(thrown) << "within never throws";
      result = std::move(got);
    };
    asio::co_spawn(io_, within(deadline, std::move(work)),
                   asio::bind_cancellation_slot(slot, std::move(done)));
  }

  asio::io_context io_;
};

TEST_F(Within, AnAnswerInTimeIsTheResult) {
  EXPECT_EQ(run(in(seconds(30)), answers(7)), 7);
}

TEST_F(Within, AFailureKeepsItsReason) {
  const auto result = run(in(seconds(30)), fails(Reason::permission));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::permission);
  EXPECT_EQ(result.error().text, "said so");
}

TEST_F(Within, RefusedAfterTwoMillisecondsSaysRefusedAtOnceAndNotTimeout) {
  const auto refused = std::make_exception_ptr(
      std::system_error(make_error_code(std::errc::connection_refused), "connect"));
  const Mono deadline = in(seconds(30));
  const auto result = run(deadline, throws_after(milliseconds(2), refused));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::refused);
  EXPECT_LT(std::chrono::steady_clock::now(), deadline - seconds(10));
}

TEST_F(Within, AnUnknownExceptionIsInternalAndKeepsItsText) {
  const auto broken = std::make_exception_ptr(std::runtime_error("index out of range"));
  const auto result = run(in(seconds(30)), throws_after(Duration(0), broken));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::internal);
  EXPECT_EQ(result.error().text, "index out of range");
}

TEST_F(Within, NoAnswerInTimeSaysDeadlineAndTheWorkHasEnded) {
  const auto ended = std::make_shared<bool>(false);
  const Mono deadline = in(milliseconds(20));
  const auto result = run(deadline, hangs(ended));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::deadline);
  EXPECT_EQ(result.error().text, "no answer in time");
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
  EXPECT_TRUE(*ended);
}

TEST_F(Within, ADeadlineInThePastStillEndsTheWork) {
  const auto ended = std::make_shared<bool>(false);
  const auto result = run(in(-seconds(1)), hangs(ended));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::deadline);
  EXPECT_TRUE(*ended);
}

TEST_F(Within, WorkThatIgnoresCancellationIsAbandonedAndEndsByItself) {
  const auto ended = std::make_shared<bool>(false);
  const auto timer = std::make_shared<asio::steady_timer>(io_, Mono::max());
  const auto result = run(in(milliseconds(5)), ignores(timer, ended));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::deadline);
  EXPECT_FALSE(*ended);
  timer->cancel();
  EXPECT_TRUE(run_until(io_, [&] { return *ended; }));
}

TEST_F(Within, AbandonedWorkIsFreedWithItsLoop) {
  const auto ended = std::make_shared<bool>(false);
  {
    asio::io_context io;
    const auto timer = std::make_shared<asio::steady_timer>(io, Mono::max());
    asio::co_spawn(io, within(in(milliseconds(1)), ignores(timer, ended)), asio::detached);
    const Mono long_gone = in(kGrace + milliseconds(20));
    run_until(io, [&] { return std::chrono::steady_clock::now() > long_gone; });
    EXPECT_FALSE(*ended);
  }
  EXPECT_TRUE(*ended);
}

TEST_F(Within, ACancelledCallerCancelsTheWorkAndDoesNotWaitForTheDeadline) {
  const auto ended = std::make_shared<bool>(false);
  std::optional<Polled<int>> result;
  asio::cancellation_signal cancel;
  const Mono deadline = in(seconds(30));
  spawn(deadline, hangs(ended), result, cancel.slot());
  asio::post(io_, [&] { cancel.emit(asio::cancellation_type::terminal); });
  ASSERT_TRUE(run_until(io_, [&] { return result.has_value(); }));
  EXPECT_EQ(result->error().reason, Reason::deadline);
  EXPECT_EQ(result->error().text, "cancelled");
  EXPECT_TRUE(*ended);
  EXPECT_LT(std::chrono::steady_clock::now(), deadline - seconds(10));
}

Work awaits_again_after(Work work, std::shared_ptr<bool> went_on) {
  auto result = co_await within(in(seconds(30)), std::move(work));
  EXPECT_FALSE(result);
  auto more = answers(1);
  co_await std::move(more);
  *went_on = true;
  co_return result;
}

TEST_F(Within, ACancelledCallerIsStoppedAtItsNextAwait) {
  const auto ended = std::make_shared<bool>(false);
  const auto went_on = std::make_shared<bool>(false);
  std::exception_ptr thrown;
  asio::cancellation_signal cancel;
  auto done = [&](const std::exception_ptr& error, const Polled<int>&) { thrown = error; };
  asio::co_spawn(io_, awaits_again_after(hangs(ended), went_on),
                 asio::bind_cancellation_slot(cancel.slot(), done));
  asio::post(io_, [&] { cancel.emit(asio::cancellation_type::terminal); });
  ASSERT_TRUE(run_until(io_, [&] { return thrown != nullptr; }));
  EXPECT_FALSE(*went_on);
  EXPECT_EQ(failure_of(thrown).reason, Reason::deadline);
}

TEST_F(Within, DeadlinesNestAndTheInnerOneComesFirst) {
  const auto ended = std::make_shared<bool>(false);
  const Mono outer = in(seconds(30));
  const auto result = run(outer, within(in(milliseconds(5)), hangs(ended)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "no answer in time");
  EXPECT_LT(std::chrono::steady_clock::now(), outer - seconds(10));
}

TEST_F(Within, AnOuterDeadlineEndsTheInnerWork) {
  const auto ended = std::make_shared<bool>(false);
  const auto result = run(in(milliseconds(5)), within(in(seconds(30)), hangs(ended)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "no answer in time");
  EXPECT_TRUE(*ended);
}

asio::awaitable<Polled<void>> nothing() {
  co_return Polled<void>();
}

TEST_F(Within, WorkMayHaveNoValue) {
  std::optional<Polled<void>> result;
  auto done = [&](const std::exception_ptr&, Polled<void> got) { result = std::move(got); };
  asio::co_spawn(io_, within(in(seconds(30)), nothing()), done);
  ASSERT_TRUE(run_until(io_, [&] { return result.has_value(); }));
  EXPECT_TRUE(result->has_value());
}

TEST(ReasonOf, ErrorsOfTheNetworkHaveTheirReasons) {
  EXPECT_EQ(reason_of(asio::error::connection_refused), Reason::refused);
  EXPECT_EQ(reason_of(make_error_code(std::errc::connection_refused)), Reason::refused);
  EXPECT_EQ(reason_of(asio::error::host_unreachable), Reason::unreachable);
  EXPECT_EQ(reason_of(asio::error::timed_out), Reason::unreachable);
  EXPECT_EQ(reason_of(asio::error::connection_reset), Reason::reset);
  EXPECT_EQ(reason_of(asio::error::eof), Reason::reset);
  EXPECT_EQ(reason_of(asio::error::host_not_found), Reason::dns);
  EXPECT_EQ(reason_of(asio::error::operation_aborted), Reason::deadline);
  EXPECT_EQ(reason_of(asio::error::bad_descriptor), std::nullopt);
}

}  // namespace
}  // namespace mse
