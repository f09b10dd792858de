// Runs one coroutine of a client to its end on a loop of its own, for tests.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "exporter/collector.h"

namespace mse {

// A loop with an environment that resolves "localhost" and every "*.test" to 127.0.0.1, no other
// name, and never makes a connect wait.
struct ClientLoop {
  ClientLoop();

  template <typename T>
  T run(asio::awaitable<T> work) {
    std::optional<T> result;
    asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error, T value) {
      if (error) std::rethrow_exception(error);
      result = std::move(value);
    });
    loop.restart();
    loop.run();
    return std::move(result.value());
  }

  asio::io_context loop{1};
  Environment environment;
};

Mono in(Duration duration);

// Of this process, now.
std::size_t open_sockets();
std::size_t resident_bytes();
void forget_peak_memory();  // peak_resident_bytes begins anew
std::size_t peak_resident_bytes();

// What the peak may grow by through a reply that is cut off at its budget.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::size_t kMemorySlack = 256U << 20U;  // ASan keeps what was freed
#else
inline constexpr std::size_t kMemorySlack = 24U << 20U;
#endif

}  // namespace mse
