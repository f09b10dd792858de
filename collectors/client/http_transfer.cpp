// libcurl's socket and timer callbacks on asio.
#include "collectors/client/http_transfer.h"

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

namespace mse {

namespace {

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct HttpTransfer::Watched {
  explicit Watched(const asio::any_io_executor& executor) : descriptor(executor) {}
  // The socket is libcurl's: it must never be closed with us.
  ~Watched() { release(); }

  void release() noexcept {
    wanted = 0;
    try {
      if (descriptor.is_open()) descriptor.release();
      // asio's signature allows for what epoll never does here.
      // NOLINTNEXTLINE(bugprone-empty-catch)
    } catch (const std::exception&) {
    }
  }

  asio::posix::stream_descriptor descriptor;
  int wanted = 0, waiting = 0;  // CURL_POLL_IN and CURL_POLL_OUT
};

// Takes the handle off the multi however the coroutine ends; destruction of its frame included.
struct HttpTransfer::Running {
  std::shared_ptr<HttpTransfer> transfer;
  // Only a want of memory could throw here, and ends the process.
  // NOLINTNEXTLINE(bugprone-exception-escape)
  ~Running() { transfer->end(); }
};

HttpTransfer::HttpTransfer(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      multi_(nullptr),
      easy_(nullptr),
      wake_(executor_),
      done_(executor_) {
  start_libcurl();
  multi_ = curl_multi_init();
  easy_ = curl_easy_init();
  if (multi_ == nullptr || easy_ == nullptr) {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    throw std::bad_alloc();
  }
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &HttpTransfer::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &HttpTransfer::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

// Only a want of memory could throw here, and ends the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
HttpTransfer::~HttpTransfer() {
  close();
}

void HttpTransfer::close() {
  end();
  done_.cancel();
  wake_.cancel();
  // The connections first: they may want to tell through the multi's callbacks.
  curl_easy_cleanup(std::exchange(easy_, nullptr));
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  watched_.clear();
}

void HttpTransfer::end() {
  if (!std::exchange(running_, false)) return;
  curl_multi_remove_handle(multi_, easy_);
  wake_.cancel();
}

asio::awaitable<std::optional<CURLcode>> HttpTransfer::run(std::shared_ptr<HttpTransfer> self,
                                                           Mono deadline) {
  if (self->easy_ == nullptr || self->running_) co_return std::nullopt;
  self->result_.reset();
  if (curl_multi_add_handle(self->multi_, self->easy_) != CURLM_OK) co_return CURLE_FAILED_INIT;
  self->running_ = true;
  const Running running{self};
  self->done_.expires_at(deadline);
  std::error_code woken;
  co_await self->done_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_return self->result_;
}

int HttpTransfer::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                            void* /*watched*/) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  if (what == CURL_POLL_REMOVE) {
    transfer->forget(socket);
  } else {
    transfer->watch(socket, what);
  }
  return 0;
}

int HttpTransfer::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  auto* transfer = static_cast<HttpTransfer*>(self);
  if (milliseconds < 0) {
    transfer->wake_.cancel();
    return 0;
  }
  transfer->wake_.expires_after(std::chrono::milliseconds(milliseconds));
  transfer->wake_.async_wait([weak = transfer->weak_from_this()](asio::error_code error) {
    const auto held = weak.lock();
    if (!error && held) held->drive(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void HttpTransfer::watch(curl_socket_t socket, int what) {
  auto self = weak_from_this().lock();
  if (!self) return;
  auto& watched = watched_[socket];
  if (!watched) {
    watched = std::make_shared<Watched>(executor_);
    asio::error_code error;
    watched->descriptor.assign(socket, error);
    // Not watched, the transfer ends at its deadline.
    if (error) return;
  }
  watched->wanted = what;
  const auto kept = watched;
  wait(self, kept, CURL_POLL_IN);
  wait(self, kept, CURL_POLL_OUT);
}

void HttpTransfer::forget(curl_socket_t socket) {
  const auto found = watched_.find(socket);
  if (found == watched_.end()) return;
  found->second->release();
  watched_.erase(found);
}

void HttpTransfer::wait(const std::shared_ptr<HttpTransfer>& self,
                        const std::shared_ptr<Watched>& watched, int direction) {
  if ((watched->wanted & direction) == 0 || (watched->waiting & direction) != 0) return;
  watched->waiting |= direction;
  const bool reads = direction == CURL_POLL_IN;
  const auto type =
      reads ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  const auto socket = watched->descriptor.native_handle();
  watched->descriptor.async_wait(type, [weak = std::weak_ptr(self), watched, direction, reads,
                                        socket](asio::error_code error) {
    watched->waiting &= ~direction;
    const auto held = weak.lock();
    if (!held || (watched->wanted & direction) == 0 || error == asio::error::operation_aborted)
      return;
    held->drive(socket, error ? CURL_CSELECT_ERR : (reads ? CURL_CSELECT_IN : CURL_CSELECT_OUT));
    wait(held, watched, direction);
  });
}

void HttpTransfer::drive(curl_socket_t socket, int events) {
  if (!running_) return;
  int left = 0;
  curl_multi_socket_action(multi_, socket, events, &left);
  while (const auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    result_ = message->data.result;
    done_.cancel();
  }
}

}  // namespace mse
