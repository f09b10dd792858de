// Runs an event loop until something is true, so that no test sleeps.
#include "tests/support/event_loop.h"

namespace mse {

bool run_until(asio::io_context& io, const std::function<bool()>& done,
               std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace mse
