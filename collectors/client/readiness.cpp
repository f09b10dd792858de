// One asio descriptor and one timer that cancels it.
#include "collectors/client/readiness.h"

#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdint>
#include <exception>
#include <utility>

namespace mse {

struct Readiness::Wait {
  explicit Wait(const asio::any_io_executor& executor) : descriptor(executor), timer(executor) {}
  // The descriptor is not ours: it must never be closed with us.
  ~Wait() { release(); }

  void release() noexcept {
    ++number;
    try {
      timer.cancel();
      if (descriptor.is_open()) descriptor.release();
      // asio's signature allows for what epoll never does here.
      // NOLINTNEXTLINE(bugprone-empty-catch)
    } catch (const std::exception&) {
    }
  }

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  std::uint64_t number = 0;  // so that a timer that has fired already spares the next wait
};

namespace {

template <typename Wait>
void cancel_at(const std::shared_ptr<Wait>& wait, Mono deadline) {
  wait->timer.expires_at(deadline);
  wait->timer.async_wait(
      [weak = std::weak_ptr(wait), number = wait->number](asio::error_code error) {
        const auto held = weak.lock();
        if (!error && held && held->number == number) held->descriptor.cancel();
      });
}

// Lets go of the descriptor however the coroutine ends; destruction of its frame included.
template <typename Wait>
struct Release {
  std::shared_ptr<Wait> wait;
  std::uint64_t number;
  ~Release() {
    if (wait->number == number) wait->release();
  }
};

}  // namespace

Readiness::Readiness(const asio::any_io_executor& executor)
    : wait_(std::make_shared<Wait>(executor)) {}

Readiness::~Readiness() {
  abandon();
}

void Readiness::abandon() {
  wait_->release();
}

asio::awaitable<Readiness::Outcome> Readiness::wait(int descriptor, For what, Mono deadline) {
  // A descriptor that is always ready must not outrun the timer for ever.
  if (std::chrono::steady_clock::now() >= deadline) co_return Outcome::deadline;
  const auto wait = wait_;
  asio::error_code error;
  wait->descriptor.assign(descriptor, error);
  if (error) co_return Outcome::abandoned;
  const Release<Wait> release{wait, wait->number};
  cancel_at(wait, deadline);
  const auto type = what == For::reading ? asio::posix::descriptor_base::wait_read
                                         : asio::posix::descriptor_base::wait_write;
  co_await wait->descriptor.async_wait(type, asio::redirect_error(asio::use_awaitable, error));
  if (wait->number != release.number) co_return Outcome::abandoned;
  co_return error ? Outcome::deadline : Outcome::ready;
}

}  // namespace mse
