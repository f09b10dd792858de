// One coroutine a target and one a service's position rounds, on one loop.
#include "exporter/poller.h"

#include <openssl/rand.h>

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <stdexcept>

#include "exporter/connect_rate.h"
#include "exporter/position_round.h"
#include "exporter/resolver.h"
#include "exporter/watch.h"

namespace mse {
namespace {

constexpr std::size_t kKeyBytes = 32;

Mono now() {
  return std::chrono::steady_clock::now();
}

std::string random_key() {
  std::string key(kKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), kKeyBytes) != 1)
    throw std::runtime_error("the system gives no random bytes for a key");
  return key;
}

// The next instant of the grid that `last` is on.
Mono next_after(Mono last, Duration interval, Mono instant) {
  if (instant < last) return last;
  return last + interval * ((instant - last) / interval + 1);
}

asio::awaitable<void> sleep(std::shared_ptr<asio::steady_timer> timer, Mono until) {
  std::error_code woken;
  timer->expires_at(until);
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

asio::awaitable<Polled<Addresses>> no_addresses() {
  co_return tl::unexpected(Failure{Reason::dns, "the poller has ended"});
}

// What sessions use of the process. Lives until the last of them is gone.
struct Surroundings : std::enable_shared_from_this<Surroundings> {
  Surroundings(asio::any_io_executor executor, const PollerLimits& limits)
      : rate(limits.connects_per_second, limits.connect_burst), resolver(std::in_place, executor) {
    environment.executor = std::move(executor);
    environment.hmac_key = random_key();
    environment.resolve = [this](std::string host, Mono deadline) {
      return resolver ? resolver->resolve(std::move(host), deadline) : no_addresses();
    };
    environment.may_connect = [this](Mono deadline) {
      return wait_for_place(shared_from_this(), deadline);
    };
  }

  static asio::awaitable<Polled<void>> wait_for_place(std::shared_ptr<Surroundings> self,
                                                      Mono deadline) {
    const auto place = self->rate.take(now(), deadline);
    if (!place)
      co_return tl::unexpected(
          Failure{Reason::deadline, "too many connections are waiting to be opened"});
    const auto timer = std::make_shared<asio::steady_timer>(self->environment.executor);
    if (*place > now()) co_await sleep(timer, *place);
    co_return Polled<void>();
  }

  ConnectRate rate;
  std::optional<Resolver> resolver;  // until the poller ends
  Environment environment;
};

// The position rounds of a service.
struct Rounds {
  Rounds(const asio::any_io_executor& executor, std::string name, Mono first)
      : service(std::move(name)), next(first), wake(executor) {}

  std::string service;
  std::vector<std::shared_ptr<Watch>> members;
  Mono next;
  asio::steady_timer wake;
  bool ended = false;
};

void rethrow(const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

struct Poller::Loop {
  Loop(asio::any_io_executor on, PollListener& told, PollerLimits given)
      : executor(std::move(on)),
        listener(told),
        limits(given),
        dice(std::make_shared<Dice>(given.seed != 0 ? given.seed : std::random_device()())),
        surroundings(std::make_shared<Surroundings>(executor, given)) {}

  std::shared_ptr<Environment> environment() const {
    return {surroundings, &surroundings->environment};
  }

  BackoffLimits backoff() const {
    auto cut = limits.backoff;
    cut.longest = std::min(cut.longest, 2 * cadences.poll_interval);
    return cut;
  }

  Duration spread(std::size_t targets) const {
    const auto rate = std::max(limits.connects_per_second, 1);
    const Duration gap = Duration(std::chrono::seconds(1)) / rate;
    return std::max(limits.start_spread, gap * static_cast<Duration::rep>(targets));
  }

  const asio::any_io_executor executor;
  PollListener& listener;
  const PollerLimits limits;
  const std::shared_ptr<Dice> dice;
  const std::shared_ptr<Surroundings> surroundings;
  Cadences cadences;
  std::map<std::pair<std::string, std::string>, std::vector<std::shared_ptr<Watch>>>
      watches;                                            // by service and node
  std::map<std::string, std::shared_ptr<Rounds>> rounds;  // by service

  static asio::awaitable<void> keep_polling(std::shared_ptr<Loop> loop,
                                            std::shared_ptr<Watch> watch);
  static asio::awaitable<void> keep_reading_positions(std::shared_ptr<Loop> loop,
                                                      std::shared_ptr<Rounds> rounds);
  static void poll(const std::shared_ptr<Loop>& loop, std::vector<Target> targets);
  static void read_positions(const std::shared_ptr<Loop>& loop);
  static void start(const std::shared_ptr<Loop>& loop, const std::shared_ptr<Watch>& watch);
  std::shared_ptr<Watch> take_same(const Target& target);
  void end();
};

asio::awaitable<void> Poller::Loop::keep_polling(std::shared_ptr<Loop> loop,
                                                 std::shared_ptr<Watch> watch) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::shared_ptr<asio::steady_timer> wake(watch, &watch->wake);
  while (!watch->ended) {
    const auto planned = watch->schedule.next();
    if (now() < planned.at) {
      co_await sleep(wake, planned.at);
      continue;
    }
    const Mono began = now();
    auto result = co_await Watch::poll(watch, loop->cadences.poll_timeout);
    if (watch->ended) co_return;
    const Target target = watch->target;  // a reload from within the call may replace it
    loop->listener.polled(target, planned.depth, now() - began, std::move(result));
  }
}

asio::awaitable<void> Poller::Loop::keep_reading_positions(std::shared_ptr<Loop> loop,
                                                           std::shared_ptr<Rounds> rounds) {
  const std::shared_ptr<asio::steady_timer> wake(rounds, &rounds->wake);
  while (!rounds->ended) {
    if (now() < rounds->next) {
      co_await sleep(wake, rounds->next);
      continue;
    }
    const Duration interval = loop->cadences.position_interval;
    const auto readings =
        co_await position_round(rounds->members, interval, loop->cadences.poll_timeout);
    if (rounds->ended) co_return;
    rounds->next = next_after(rounds->next, interval, now());
    loop->listener.positions(rounds->service, readings);
  }
}

void Poller::Loop::start(const std::shared_ptr<Loop>& loop, const std::shared_ptr<Watch>& watch) {
  asio::co_spawn(loop->executor, keep_polling(loop, watch),
                 asio::bind_cancellation_slot(watch->cancel_polls.slot(), rethrow));
}

// The watch of the same thing, no longer among `watches`.
std::shared_ptr<Watch> Poller::Loop::take_same(const Target& target) {
  const auto found = watches.find({target.service, target.node});
  if (found == watches.end()) return nullptr;
  auto& there = found->second;
  const auto same = std::find_if(there.begin(), there.end(),
                                 [&](const auto& watch) { return watch->same_as(target); });
  if (same == there.end()) return nullptr;
  auto watch = *same;
  there.erase(same);
  return watch;
}

void Poller::Loop::poll(const std::shared_ptr<Loop>& loop, std::vector<Target> targets) {
  decltype(loop->watches) wanted;
  std::vector<Target> fresh;
  for (auto& target : targets) {
    auto& there = wanted[{target.service, target.node}];
    auto watch = loop->take_same(target);
    if (!watch) {
      fresh.push_back(std::move(target));
      continue;
    }
    watch->adopt(std::move(target), loop->cadences, loop->backoff(), now());
    there.push_back(std::move(watch));
  }
  const Duration spread = loop->spread(fresh.size());
  for (auto& target : fresh) {
    auto& there = wanted[{target.service, target.node}];
    const Schedule schedule(loop->cadences, now(), spread, loop->dice->roll());
    there.push_back(std::make_shared<Watch>(loop->executor, loop->environment(), loop->dice,
                                            std::move(target), schedule, loop->backoff()));
    start(loop, there.back());
  }
  for (const auto& [node, gone] : std::exchange(loop->watches, std::move(wanted)))
    for (const auto& watch : gone) watch->end();
}

void Poller::Loop::read_positions(const std::shared_ptr<Loop>& loop) {
  std::map<std::string, std::vector<std::shared_ptr<Watch>>> members;
  for (const auto& [node, there] : loop->watches)
    for (const auto& watch : there)
      if (watch->target.collector->has_positions()) members[node.first].push_back(watch);
  std::erase_if(loop->rounds, [&](const auto& entry) {
    auto& rounds = *entry.second;
    rounds.ended = !members.contains(entry.first);
    rounds.wake.cancel();
    return rounds.ended;
  });
  for (auto& [service, of] : members) {
    auto& rounds = loop->rounds[service];
    if (!rounds) {
      const double part = static_cast<double>(loop->cadences.position_interval.count());
      const Duration phase(static_cast<Duration::rep>(part * loop->dice->roll()));
      rounds = std::make_shared<Rounds>(loop->executor, service, now() + phase);
      asio::co_spawn(loop->executor, keep_reading_positions(loop, rounds), rethrow);
    }
    rounds->members = std::move(of);
    rounds->next = std::min(rounds->next, now() + loop->cadences.position_interval);
  }
}

void Poller::Loop::end() {
  for (const auto& [node, there] : watches)
    for (const auto& watch : there) watch->end();
  for (const auto& [service, each] : rounds) {
    each->ended = true;
    each->members.clear();
    each->wake.cancel();
  }
  watches.clear();
  rounds.clear();
  surroundings->resolver.reset();
}

Poller::Poller(asio::any_io_executor executor, PollListener& listener, PollerLimits limits)
    : loop_(std::make_shared<Loop>(std::move(executor), listener, limits)) {}

// Only a want of memory could throw here, and ends the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
Poller::~Poller() {
  loop_->end();
}

void Poller::poll(std::vector<Target> targets, Cadences cadences) {
  loop_->cadences = cadences;
  Loop::poll(loop_, std::move(targets));
  Loop::read_positions(loop_);
}

std::shared_ptr<Environment> Poller::environment() const {
  return loop_->environment();
}

void Poller::hurry(const std::string& service, const std::string& node) {
  const auto found = loop_->watches.find({service, node});
  if (found == loop_->watches.end()) return;
  for (const auto& watch : found->second) watch->hurry(loop_->cadences.position_interval);
}

}  // namespace mse
