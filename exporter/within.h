// The only deadline of the product: work that answers, fails or throws before an instant, or is
// cancelled.
#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>

#include "exporter/collector.h"

namespace mse {

// How long cancelled work may take to end before it is left to itself.
constexpr Duration kGrace = std::chrono::milliseconds(200);

// An error of the network by its reason (refused, unreachable, dns, reset; deadline when
// cancelled); nothing for any other.
std::optional<Reason> reason_of(const std::error_code& error);

// What was thrown, as a failure: an error of the network by its reason, all else internal.
Failure failure_of(const std::exception_ptr& thrown);

namespace race {

template <typename T>
struct State {
  explicit State(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  asio::cancellation_signal cancel;
  std::optional<Polled<T>> result;
};

template <typename T>
asio::awaitable<Polled<T>> caught(asio::awaitable<Polled<T>> work) {
  try {
    co_return co_await std::move(work);
  } catch (...) {
    co_return tl::unexpected(failure_of(std::current_exception()));
  }
}

// Runs `work` beside the caller; its result ends the wait.
template <typename T>
void start(const std::shared_ptr<State<T>>& state, asio::awaitable<Polled<T>> work) {
  auto done = [state](const std::exception_ptr& thrown, Polled<T> result) {
    if (thrown) result = tl::unexpected(failure_of(thrown));
    state->result = std::move(result);
    state->timer.cancel();
  };
  asio::co_spawn(state->timer.get_executor(), caught(std::move(work)),
                 asio::bind_cancellation_slot(state->cancel.slot(), std::move(done)));
}

// Waits for the result, until `instant` or until the caller is cancelled.
template <typename T>
asio::awaitable<void> wait(std::shared_ptr<State<T>> state, Mono instant) {
  if (state->result) co_return;
  std::error_code ended_early;
  state->timer.expires_at(instant);
  co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended_early));
}

}  // namespace race

// The result of `work`, what it threw as a Failure (never an exception), or Failure deadline when
// there is neither by `deadline` or when the caller is cancelled before. In those two cases `work`
// is cancelled (asio's terminal cancellation) and awaited for kGrace; work that ignores that is
// abandoned: it goes on by itself with its result dropped, so what it uses must be owned by it (its
// parameters), not by the caller. A caller that was cancelled gets its Failure, and the usual
// exception at its own next co_await.
// Only on the one thread of the loop. Not `work || timer`: that turns errors into timeouts.
template <typename T>
asio::awaitable<Polled<T>> within(Mono deadline, asio::awaitable<Polled<T>> work) {
  const auto executor = co_await asio::this_coro::executor;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto state = std::make_shared<race::State<T>>(executor);
  race::start(state, std::move(work));
  co_await race::wait(state, deadline);
  auto result = std::move(state->result);
  if (!result) {
    const bool early = std::chrono::steady_clock::now() < deadline;
    state->cancel.emit(asio::cancellation_type::terminal);
    co_await race::wait(state, std::chrono::steady_clock::now() + kGrace);
    result = tl::unexpected(Failure{Reason::deadline, early ? "cancelled" : "no answer in time"});
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return std::move(*result);
}

}  // namespace mse
