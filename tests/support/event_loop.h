// Runs an event loop until something is true, so that no test sleeps.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>

namespace mse {

// Runs `io` until `done`, or gives false after `patience` (long: machines may be slow).
bool run_until(asio::io_context& io, const std::function<bool()>& done,
               std::chrono::seconds patience = std::chrono::seconds(20));

}  // namespace mse
