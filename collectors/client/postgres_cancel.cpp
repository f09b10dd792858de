// PQcancel on a bounded number of detached threads.
#include "collectors/client/postgres_cancel.h"

#include <array>
#include <atomic>
#include <memory>
#include <system_error>
#include <thread>

namespace mse {

namespace {

std::atomic<int> cancels{0};

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using Cancel = std::unique_ptr<PGcancel, FreeCancel>;

void send(Cancel cancel) {
  std::array<char, 256> error{};
  PQcancel(cancel.get(), error.data(), static_cast<int>(error.size()));
  cancel.reset();
  --cancels;
}

}  // namespace

bool cancel_in_background(PGconn* connection) {
  Cancel cancel(PQgetCancel(connection));
  if (!cancel) return false;
  if (++cancels > kConcurrentCancels) {
    --cancels;
    return false;
  }
  try {
    std::thread(send, std::move(cancel)).detach();
  } catch (const std::system_error&) {
    --cancels;
    return false;
  }
  return true;
}

}  // namespace mse
