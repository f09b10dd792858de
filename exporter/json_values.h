// What all JSON of ours agrees on: null for what is not known, seconds, RFC 3339, repaired text.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "exporter/model.h"
#include "exporter/time_text.h"

namespace mse {

using Json = nlohmann::ordered_json;  // fields in the order they are written

inline Json json_of(Duration length) {
  return std::chrono::duration<double>(length).count();
}
inline Json json_of(Wall at) {
  return format_timestamp(at);
}
template <typename T>
Json json_of(const T& value) {
  return value;
}
template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json();
}

// Empty text is nothing.
inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// One line with its end; bytes that are no UTF-8 become U+FFFD.
inline std::string line_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mse
