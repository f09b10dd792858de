// Hands what a thread read over to the loop, if somebody still waits for it there.
#include "collectors/file_thread.h"

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace mse {
namespace {

using Read = std::function<Polled<Report>()>;

// Shared by a session and its thread. The thread wakes the loop only while `awaited` is set, under
// the lock: a loop that is gone is never touched.
struct Handover {
  std::mutex lock;
  bool busy = false;
  std::shared_ptr<asio::steady_timer> awaited;
  std::optional<Polled<Report>> result;
};
using HandoverPtr = std::shared_ptr<Handover>;

Polled<Report> caught(const Read& read) {
  try {
    return read();
  } catch (const std::exception& error) {
    return tl::unexpected(Failure{Reason::internal, error.what()});
  }
}

void read_beside(const HandoverPtr& handover, const Read& read) {
  auto result = caught(read);
  const std::lock_guard guard(handover->lock);
  handover->busy = false;
  if (!handover->awaited) return;
  handover->result = std::move(result);
  const auto timer = std::exchange(handover->awaited, nullptr);
  const auto executor = timer->get_executor();
  asio::post(executor, [timer] { timer->cancel(); });
}

tl::unexpected<Failure> late(const char* text) {
  return tl::unexpected(Failure{Reason::deadline, text});
}

// Whether the read began.
bool begin(const HandoverPtr& handover, const Read& read,
           const std::shared_ptr<asio::steady_timer>& timer) {
  const std::lock_guard guard(handover->lock);
  if (handover->busy) return false;
  handover->result.reset();
  handover->awaited = timer;
  handover->busy = true;
  std::thread([handover, read] { read_beside(handover, read); }).detach();
  return true;
}

std::optional<Polled<Report>> take(const HandoverPtr& handover) {
  const std::lock_guard guard(handover->lock);
  handover->awaited.reset();
  return std::exchange(handover->result, std::nullopt);
}

// Stops waiting also where the coroutine is destroyed.
struct Waiting {
  HandoverPtr handover;
  explicit Waiting(HandoverPtr by) : handover(std::move(by)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { take(handover); }
};

asio::awaitable<Polled<Report>> poll_beside(HandoverPtr handover, Read read, Mono deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<asio::steady_timer>(executor, deadline);
  const Waiting waiting(handover);
  if (!begin(handover, read, timer)) co_return late("an earlier read of the files has not ended");
  std::error_code woken;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  auto result = take(handover);
  if (!result) co_return late("the files were not read in time");
  co_return *std::move(result);
}

class ThreadSession : public Session {
 public:
  explicit ThreadSession(Read read) : read_(std::move(read)) {}

  asio::awaitable<Polled<Report>> poll(Depth, Mono deadline) override {
    return poll_beside(handover_, read_, deadline);
  }
  asio::awaitable<Polled<PositionReading>> position(Mono) override { return none(); }

 private:
  static asio::awaitable<Polled<PositionReading>> none() {
    co_return tl::unexpected(Failure{Reason::unsupported, "files have no positions"});
  }

  Read read_;
  HandoverPtr handover_ = std::make_shared<Handover>();
};

}  // namespace

std::unique_ptr<Session> open_thread_session(Read read) {
  return std::make_unique<ThreadSession>(std::move(read));
}

}  // namespace mse
