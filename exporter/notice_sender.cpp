// One coroutine while anything waits.
#include "exporter/notice_sender.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <random>
#include <utility>

#include "exporter/log.h"
#include "exporter/within.h"

namespace mse {
namespace {

constexpr std::size_t kMostWaiting = 100;
constexpr int kTries = 5;

}  // namespace

struct NoticeSender::Memory {
  Memory(std::shared_ptr<Environment> given, Send by, Done told, BackoffLimits waits)
      : environment(std::move(given)),
        send(by),
        done(std::move(told)),
        limits(waits),
        pause(std::make_unique<asio::steady_timer>(environment->executor)) {}

  // Nobody listens any more, or nowhere to send.
  bool idle() const { return !done || !webhook || waiting.empty(); }
  double chance() { return std::uniform_real_distribution<double>(0, 1)(dice); }

  std::shared_ptr<Environment> environment;
  Send send;
  Done done;
  BackoffLimits limits;
  std::unique_ptr<asio::steady_timer> pause;  // none once nobody listens
  std::minstd_rand dice{std::random_device()()};
  std::optional<ChangeWebhook> webhook;
  std::deque<std::string> waiting;
  bool working = false;
};

NoticeSender::NoticeSender(std::shared_ptr<Environment> environment, Send send, Done done,
                           BackoffLimits limits)
    : memory_(std::make_shared<Memory>(std::move(environment), send, std::move(done), limits)) {}

NoticeSender::~NoticeSender() {
  memory_->done = nullptr;
  memory_->pause.reset();
}

void NoticeSender::configure(const std::optional<ChangeWebhook>& webhook) {
  memory_->webhook = webhook;
  if (!webhook) memory_->waiting.clear();
}

void NoticeSender::tell(std::string body) {
  if (!memory_->webhook || memory_->send == nullptr) return;
  if (memory_->waiting.size() >= kMostWaiting) {
    memory_->waiting.pop_front();
    memory_->done(false);
  }
  memory_->waiting.push_back(std::move(body));
  if (std::exchange(memory_->working, true)) return;
  asio::co_spawn(memory_->environment->executor, work(memory_), asio::detached);
}

asio::awaitable<void> NoticeSender::work(std::shared_ptr<Memory> memory) {
  while (!memory->idle()) {
    auto body = std::move(memory->waiting.front());
    memory->waiting.pop_front();
    const bool sent = co_await deliver(memory, std::move(body));
    if (memory->done) memory->done(sent);
  }
  memory->working = false;
}

asio::awaitable<bool> NoticeSender::deliver(std::shared_ptr<Memory> memory, std::string body) {
  Backoff backoff(memory->limits);
  for (int attempt = 1; memory->webhook && memory->done; ++attempt) {
    const ChangeWebhook webhook = *memory->webhook;
    const auto now = std::chrono::steady_clock::now();
    auto sending = memory->send(memory->environment, webhook.to, body, now + webhook.timeout);
    const auto sent = co_await within(now + webhook.timeout, std::move(sending));
    if (sent) co_return true;
    log_limited("change webhook", now, LogLevel::warn, "cannot tell the change webhook",
                {{"reason", name(sent.error().reason)}, {"error", sent.error().text}});
    if (attempt == kTries || !memory->pause) break;
    memory->pause->expires_after(backoff.failed(sent.error().reason, memory->chance()));
    std::error_code woken;
    co_await memory->pause->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  co_return false;
}

}  // namespace mse
