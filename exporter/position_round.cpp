// Groups side by side; in each, two reads one after the other.
#include "exporter/position_round.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace mse {
namespace {

using Members = std::vector<std::shared_ptr<Watch>>;

Mono now() {
  return std::chrono::steady_clock::now();
}

// What several answer together; who comes after it was taken comes too late.
struct Answers {
  explicit Answers(const asio::any_io_executor& executor) : all(executor) {}

  void one_ended() {
    if (--awaited == 0) all.cancel();
  }

  asio::steady_timer all;
  std::size_t awaited = 0;
  PositionReadings readings;
};

asio::awaitable<PositionReadings> taken(std::shared_ptr<Answers> answers, Mono until) {
  if (answers->awaited > 0) {
    std::error_code all_came;
    answers->all.expires_at(until);
    co_await answers->all.async_wait(asio::redirect_error(asio::use_awaitable, all_came));
  }
  co_return std::exchange(answers->readings, PositionReadings());
}

void start_reading(const std::shared_ptr<Watch>& member, const std::shared_ptr<Answers>& answers,
                   Duration timeout) {
  auto read = [node = member->target.node, answers](const std::exception_ptr& cancelled,
                                                    const Polled<PositionReading>& result) {
    if (!cancelled && result) answers->readings.emplace(node, *result);
    answers->one_ended();
  };
  ++answers->awaited;
  asio::co_spawn(member->wake.get_executor(), Watch::read_position(member, timeout),
                 asio::bind_cancellation_slot(member->cancel_position.slot(), std::move(read)));
}

asio::awaitable<PositionReadings> read_together(Members members, Mono until, Duration timeout) {
  const auto answers = std::make_shared<Answers>(co_await asio::this_coro::executor);
  for (const auto& member : members) start_reading(member, answers, timeout);
  co_return co_await taken(answers, until);
}

struct Group {
  Members first, then;
};

asio::awaitable<PositionReadings> group_round(Group group, Mono began, Duration interval,
                                              Duration timeout) {
  auto readings = co_await read_together(std::move(group.first), began + interval / 2, timeout);
  readings.merge(
      co_await read_together(std::move(group.then), began + interval - interval / 10, timeout));
  co_return readings;
}

std::vector<Group> groups_of(const Members& members) {
  std::map<std::string, std::shared_ptr<Watch>> by_node;
  std::vector<RoundMember> known;
  for (const auto& member : members) {
    known.push_back(member->member());
    known.back().answers =
        member->in_rounds(now()) && by_node.emplace(member->target.node, member).second;
  }
  std::vector<Group> groups;
  for (const auto& round : rounds_of(known)) {
    auto& group = groups.emplace_back();
    for (const auto& node : round.first) group.first.push_back(by_node.at(node));
    for (const auto& node : round.then) group.then.push_back(by_node.at(node));
  }
  return groups;
}

}  // namespace

asio::awaitable<PositionReadings> position_round(Members members, Duration interval,
                                                 Duration timeout) {
  const Mono began = now();
  const auto executor = co_await asio::this_coro::executor;
  const auto answers = std::make_shared<Answers>(executor);
  for (auto& group : groups_of(members)) {
    ++answers->awaited;
    asio::co_spawn(executor, group_round(std::move(group), began, interval, timeout),
                   [answers](const std::exception_ptr& thrown, PositionReadings readings) {
                     if (thrown) std::rethrow_exception(thrown);
                     answers->readings.merge(readings);
                     answers->one_ended();
                   });
  }
  co_return co_await taken(answers, began + interval);
}

}  // namespace mse
