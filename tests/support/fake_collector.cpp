// Fake sessions: one coroutine a read, which does what its node is told.
#include "tests/support/fake_collector.h"

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <stdexcept>

namespace mse {
namespace {

using What = Does::What;

// Counts for as long as it lives.
class Running {
 public:
  Running(std::shared_ptr<FakeNode> node, Calls FakeNode::* calls)
      : node_(std::move(node)), calls_((*node_).*calls) {
    ++calls_.begun;
    calls_.most_at_once = std::max(calls_.most_at_once, calls_.running());
  }
  ~Running() { ++calls_.ended; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::shared_ptr<FakeNode> node_;
  Calls& calls_;
};

Does next_of(std::deque<Does>& list) {
  const Does next = list.front();
  if (list.size() > 1) list.pop_front();
  return next;
}

class FakeSession : public Session {
 public:
  FakeSession(std::shared_ptr<FakeNode> node, std::string address, Environment& environment)
      : node_(std::move(node)), address_(std::move(address)), environment_(environment) {}
  ~FakeSession() override { ++node_->closed; }

  asio::awaitable<Polled<Report>> poll(Depth depth, Mono deadline) override {
    const Running running(node_, &FakeNode::poll_calls);
    node_->depths.push_back(depth);
    node_->poll_times.push_back(std::chrono::steady_clock::now());
    const auto before = node_->before_poll.find(node_->poll_calls.begun);
    if (before != node_->before_poll.end()) before->second();
    const auto done = co_await act(next_of(node_->polls), deadline);
    if (!done) co_return tl::unexpected(done.error());
    co_return node_->report;
  }

  asio::awaitable<Polled<PositionReading>> position(Mono deadline) override {
    const Running running(node_, &FakeNode::position_calls);
    node_->position_times.push_back(std::chrono::steady_clock::now());
    const auto done = co_await act(next_of(node_->positions), deadline);
    if (!done) co_return tl::unexpected(done.error());
    node_->position.at = std::chrono::steady_clock::now();
    co_return node_->position;
  }

 private:
  asio::awaitable<Polled<void>> act(Does does, Mono deadline) {
    if (does.what == What::throws) throw std::runtime_error("the fake threw");
    if (does.what == What::fails) co_return tl::unexpected(Failure{does.reason, "the fake failed"});
    if (does.what == What::connects) co_return co_await connect(deadline);
    if (does.what == What::keeps_deadline) {
      asio::steady_timer timer(environment_.executor, deadline);
      co_await timer.async_wait(asio::use_awaitable);
      co_return tl::unexpected(Failure{Reason::deadline, "the fake says nothing"});
    }
    if (does.what == What::hangs) {
      asio::steady_timer timer(environment_.executor, Mono::max());
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (does.what == What::ignores) co_await ignore();
    co_return Polled<void>();
  }

  asio::awaitable<void> ignore() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto timer = std::make_shared<asio::steady_timer>(environment_.executor, Mono::max());
    node_->ignoring.push_back(timer);
    std::error_code released;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, released));
  }

  asio::awaitable<Polled<void>> connect(Mono deadline) {
    const auto addresses = co_await environment_.resolve(address_, deadline);
    if (!addresses) co_return tl::unexpected(addresses.error());
    co_return co_await environment_.may_connect(deadline);
  }

  std::shared_ptr<FakeNode> node_;
  std::string address_;
  Environment& environment_;
};

}  // namespace

void FakeNode::release() {
  for (const auto& weak : std::exchange(ignoring, {}))
    if (const auto timer = weak.lock()) timer->cancel();
}

std::unique_ptr<Session> FakeCollector::open(std::string address, Environment& environment) const {
  const auto node = nodes_->at(address);
  ++node->opened;
  node->opened_by.push_back(name_);
  node->hmac_key = environment.hmac_key;
  return std::make_unique<FakeSession>(node, std::move(address), environment);
}

}  // namespace mse
