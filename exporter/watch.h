// One collector on one node as the poller keeps it: its session, its place in time, its failures.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <random>

#include "exporter/backoff.h"
#include "exporter/poller.h"
#include "exporter/schedule.h"

namespace mse {

// Chance in [0, 1).
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  double roll() { return std::uniform_real_distribution<double>(0, 1)(engine_); }

 private:
  std::mt19937 engine_;
};

// A session and all it uses. Whatever runs on the session holds this, so that even work that was
// abandoned never outlives what it uses.
struct Held {
  std::shared_ptr<Environment> environment;
  std::shared_ptr<const Collector> collector;
  std::string address;
  bool polling = false, reading_position = false;  // work on it has begun and not ended
  std::unique_ptr<Session> session;                // opened at its first use

  Session& open();
};

// Loop thread only. Held by its coroutines, too: it goes when the last of them ended.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(const asio::any_io_executor& executor, std::shared_ptr<Environment> environment,
        std::shared_ptr<Dice> dice, Target of, Schedule planned, BackoffLimits limits);

  // Whether a reload keeps this watch: it reaches the same thing.
  bool same_as(const Target& other) const;
  // Another collector for the same thing, used once the session has failed; other cadences.
  void adopt(Target other, Cadences cadences, BackoffLimits limits, Mono now);
  // A deep poll now, but `apart` after the last one began, and after the one under way.
  void hurry(Duration apart);
  // No poll begins from now on, those under way are cancelled, the session is closed.
  void end();
  // Takes part in position rounds: has answered a poll, and is not waiting after a failure.
  bool in_rounds(Mono now) const;
  RoundMember member() const {
    return {target.node, identity_.role, identity_.group, identity_.former_group, true};
  }

  Target target;
  bool ended = false;
  asio::steady_timer wake;  // for the next poll
  asio::cancellation_signal cancel_polls, cancel_position;
  Schedule schedule;

  // One poll, never two at once, and what follows from how it ended.
  static asio::awaitable<Polled<Report>> poll(std::shared_ptr<Watch> self, Duration timeout);
  static asio::awaitable<Polled<PositionReading>> read_position(std::shared_ptr<Watch> self,
                                                                Duration timeout);

 private:
  void settle(Depth depth, const Polled<Report>& result);
  void settle(const Polled<PositionReading>& result);
  std::shared_ptr<Held> fresh() const;

  std::shared_ptr<Environment> environment_;
  std::shared_ptr<Dice> dice_;
  std::shared_ptr<Held> held_;
  Backoff backoff_, position_backoff_;
  Mono position_after_{};  // no position before this, after a failure
  Identity identity_;      // the last that was told
  bool polling_ = false, reading_position_ = false;
  Mono began_{};          // the last poll
  Duration apart_{};      // as hurry was told
  bool hurried_ = false;  // while polling
  bool answered_ = false, login_refused_ = false;
};

}  // namespace mse
