// Percent-decoding and -encoding of a query.
#include "exporter/query_string.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace mse {
namespace {

constexpr std::size_t kParameters = 32;

std::optional<char> hex_byte(std::string_view digits) {
  unsigned char byte = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
  if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
  return static_cast<char>(byte);
}

std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (text[i] == '%') {
      const auto byte = hex_byte(text.substr(i + 1, 2));
      if (!byte) return std::nullopt;
      result += *byte;
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

Result<Parameters> parse_query(std::string_view query) {
  Parameters result;
  while (!query.empty()) {
    const std::string_view piece = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(piece.size() + 1, query.size()));
    if (piece.empty()) continue;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    const auto name = decoded(piece.substr(0, equals));
    const auto value = decoded(piece.substr(std::min(equals + 1, piece.size())));
    if (!name || !value) return fail("The query has a % without two hexadecimal digits after it.");
    if (!result.emplace(*name, *value).second) return fail("A parameter is given twice.");
    if (result.size() > kParameters) return fail("The query has more than 32 parameters.");
  }
  return result;
}

std::string_view value_of(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::string query_escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte) != 0) ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else {
      result.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
  }
  return result;
}

}  // namespace mse
