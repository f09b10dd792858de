// Polls of one session, one at a time, and what their ends mean for the next.
#include "exporter/watch.h"

#include <algorithm>
#include <asio/post.hpp>

#include "exporter/busy.h"
#include "exporter/log.h"
#include "exporter/within.h"

namespace mse {
namespace {

Mono now() {
  return std::chrono::steady_clock::now();
}

asio::awaitable<Polled<Report>> poll_session(std::shared_ptr<Held> held, Depth depth,
                                             Mono deadline) {
  const Busy busy(held->polling);
  co_return co_await held->open().poll(depth, deadline);
}

asio::awaitable<Polled<PositionReading>> position_of_session(std::shared_ptr<Held> held,
                                                             Mono deadline) {
  const Busy busy(held->reading_position);
  co_return co_await held->open().position(deadline);
}

// A session that keeps its deadline answers for itself; only one that does not is cut off.
Mono cut_off(Mono deadline, Duration timeout) {
  return deadline + timeout / 4;
}

Failure still_running() {
  return {Reason::deadline, "what was asked before has still not ended"};
}

}  // namespace

Session& Held::open() {
  if (!session) session = collector->open(address, *environment);
  return *session;
}

Watch::Watch(const asio::any_io_executor& executor, std::shared_ptr<Environment> environment,
             std::shared_ptr<Dice> dice, Target of, Schedule planned, BackoffLimits limits)
    : target(std::move(of)),
      wake(executor),
      schedule(planned),
      environment_(std::move(environment)),
      dice_(std::move(dice)),
      held_(fresh()),
      backoff_(limits),
      position_backoff_(limits) {}

std::shared_ptr<Held> Watch::fresh() const {
  auto held = std::make_shared<Held>();
  held->environment = environment_;
  held->collector = target.collector;
  held->address = target.address;
  return held;
}

bool Watch::same_as(const Target& other) const {
  return target.service == other.service && target.node == other.node &&
         target.kind == other.kind && target.address == other.address &&
         target.collector->connection_key() == other.collector->connection_key();
}

void Watch::adopt(Target other, Cadences cadences, BackoffLimits limits, Mono now) {
  target = std::move(other);
  schedule.reconfigure(cadences, now);
  backoff_.reconfigure(limits);
  position_backoff_.reconfigure(limits);
  wake.cancel();
}

void Watch::hurry(Duration apart) {
  apart_ = apart;
  hurried_ = polling_;
  if (hurried_) return;
  schedule.hurry(std::max(now(), began_ + apart_));
  wake.cancel();
}

void Watch::end() {
  ended = true;
  wake.cancel();
  held_.reset();
  // Signals may be given only from inside the loop, and this may be called from outside.
  asio::post(wake.get_executor(), [self = shared_from_this()] {
    self->cancel_polls.emit(asio::cancellation_type::terminal);
    self->cancel_position.emit(asio::cancellation_type::terminal);
  });
}

bool Watch::in_rounds(Mono now) const {
  return answered_ && !login_refused_ && !reading_position_ && now >= position_after_;
}

asio::awaitable<Polled<Report>> Watch::poll(std::shared_ptr<Watch> self, Duration timeout) {
  const Busy busy(self->polling_);
  const Depth depth = self->schedule.next().depth;
  self->began_ = now();
  const Mono deadline = self->began_ + timeout;
  const auto held = self->held_;
  Polled<Report> result = tl::unexpected(still_running());
  if (!held->polling) {
    auto work = poll_session(held, depth, deadline);
    result = co_await within(cut_off(deadline, timeout), std::move(work));
  }
  if (!self->ended) self->settle(depth, result);
  co_return result;
}

void Watch::settle(Depth depth, const Polled<Report>& result) {
  login_refused_ = !result && result.error().reason == Reason::auth;
  if (result) {
    answered_ = true;
    if (result->identity) identity_ = *result->identity;
    backoff_.succeeded();
    schedule.succeeded(depth, began_, now());
    if (hurried_) schedule.hurry(std::max(now(), began_ + apart_));
  } else {
    schedule.failed(now(), backoff_.failed(result.error().reason, dice_->roll()));
    if (held_->collector != target.collector && !held_->polling) held_ = fresh();
  }
  hurried_ = false;
}

asio::awaitable<Polled<PositionReading>> Watch::read_position(std::shared_ptr<Watch> self,
                                                              Duration timeout) {
  if (self->ended) co_return tl::unexpected(Failure{Reason::deadline, "ended"});
  const Busy busy(self->reading_position_);
  const Mono deadline = now() + timeout;
  const auto held = self->held_;
  Polled<PositionReading> result = tl::unexpected(still_running());
  if (!held->reading_position) {
    auto work = position_of_session(held, deadline);
    result = co_await within(cut_off(deadline, timeout), std::move(work));
  }
  if (!self->ended) self->settle(result);
  co_return result;
}

void Watch::settle(const Polled<PositionReading>& result) {
  if (result) {
    identity_ = result->identity;
    position_backoff_.succeeded();
    return;
  }
  const Reason reason = result.error().reason;
  position_after_ = now() + position_backoff_.failed(reason, dice_->roll());
  const auto why = std::string(name(reason));
  log_limited("position/" + target.service + "/" + target.node + "/" + why, now(), LogLevel::warn,
              "position read failed",
              {{"service", target.service},
               {"node", target.node},
               {"collector", target.kind},
               {"reason", why},
               {"error", result.error().text}});
}

}  // namespace mse
