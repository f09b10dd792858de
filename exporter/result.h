// Result<T>: what a call gives across a module border, a value or one sentence of what went wrong.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace mse {

// One sentence: what failed, on what, what was expected. Never holds a secret.
struct Error {
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace mse
