// Waits, under a deadline, until a descriptor that a library owns can be read or written.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>

#include "exporter/model.h"

namespace mse {

// asio knows the descriptor only while a wait is under way, so that the library may close it or
// swap it for another at any other time. Loop thread only; one wait at a time.
class Readiness {
 public:
  enum class For { reading, writing };
  enum class Outcome { ready, deadline, abandoned };

  explicit Readiness(const asio::any_io_executor& executor);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Ready also when the descriptor is in error. The Readiness may be destroyed meanwhile.
  asio::awaitable<Outcome> wait(int descriptor, For what, Mono deadline);

  // Ends the wait, if any, and lets go of the descriptor at once.
  void abandon();

 private:
  struct Wait;
  std::shared_ptr<Wait> wait_;
};

}  // namespace mse
