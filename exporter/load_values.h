// Settings that the loader reads in many places: required, bounded, of closed lists.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/options.h"

namespace mse {

// The text at `key`: missing, empty or longer than 256 bytes is a problem; then it is empty.
std::string required(Options& options, std::string_view key, std::string_view expected);

// The duration at `key`, else `otherwise`. One outside `least` … `most` is a problem.
Duration bounded(Options& options, std::string_view key, Duration least, Duration most,
                 Duration otherwise);

// Remembers that `key`, if it is there, is not supported by this version, which has `instead`; then
// true.
bool refuse_unsupported(Options& options, std::string_view key, std::string_view instead);

// The value whose name is at `key`; `also` says what else may be there.
template <typename T, std::size_t N>
std::optional<T> choice(Options& options, std::string_view key,
                        const std::array<std::pair<std::string_view, T>, N>& choices,
                        std::string_view also = "") {
  const auto text = options.text(key);
  if (options.shape(key) == Options::Shape::missing) return std::nullopt;
  std::string names = "one of ";
  const char* separator = "";
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    names += separator;
    names += name;
    separator = ", ";
  }
  options.wrong(key, names.append(also));
  return std::nullopt;
}

}  // namespace mse
