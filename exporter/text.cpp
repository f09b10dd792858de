// UTF-8 repair, capping and escaping of remote text.
#include "exporter/text.h"

#include <cstdint>

#include "exporter/fingerprint.h"

namespace mse {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool continues(std::string_view bytes, std::size_t i) {
  return i < bytes.size() && (static_cast<unsigned char>(bytes[i]) & 0xC0U) == 0x80U;
}

// The length of a well-formed multi-byte sequence at the front of `bytes` (Unicode 15, table 3-7),
// or 0.
std::size_t multibyte_length(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0xC2 || lead > 0xF4 || !continues(bytes, 1)) return 0;
  if (lead < 0xE0) return 2;
  const auto second = static_cast<unsigned char>(bytes[1]);
  const bool out_of_range = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  if (out_of_range || !continues(bytes, 2)) return 0;
  if (lead < 0xF0) return 3;
  return continues(bytes, 3) ? 4 : 0;
}

// C0, DEL, C1, and the two separators that end a line: `character` is one well-formed sequence.
bool is_control(std::string_view character) {
  const auto c = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return c < 0x20 || c == 0x7F;
  const auto second = static_cast<unsigned char>(character[1]);
  if (character.size() == 2) return c == 0xC2 && second < 0xA0;
  return character == "\u2028" || character == "\u2029";
}

}  // namespace

std::string repaired(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = c < 0x80 ? 1 : multibyte_length(bytes.substr(i));
    std::string_view piece = length == 0 ? kReplacement : bytes.substr(i, length);
    if (length != 0 && is_control(piece)) piece = " ";
    if (out.size() + piece.size() > limit) return out + "…#" + sha256_hex(bytes).substr(0, 8);
    out += piece;
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string escaped_label(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace mse
