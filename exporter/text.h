// Remote text made safe at the border: valid UTF-8, no control characters, bounded, escaped.
#pragma once

#include <string>
#include <string_view>

namespace mse {

// `bytes` with every invalid UTF-8 sequence replaced by U+FFFD and every control character (C0,
// DEL, C1, U+2028, U+2029) by a space, cut at `limit` bytes on a character's border; what was cut
// is named by "…#" and 8 hex of the whole's SHA-256, so that two long strings that differ stay
// different. The result is at most `limit` + 12 bytes.
std::string repaired(std::string_view bytes, std::size_t limit = 256);

// `text` as the inside of a quoted label value of the Prometheus text format.
std::string escaped_label(std::string_view text);

}  // namespace mse
