// Addresses, names and label names as they may be written.
#include "exporter/node_text.h"

#include <algorithm>

#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kLongestName = 256;

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  int port = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + (digit - '0');
  }
  return port >= 1 && port <= 65535;
}

}  // namespace

bool is_address(std::string_view text) {
  if (text.starts_with('/')) return true;
  if (text.empty() || text.find_first_of(" /@?#") != std::string_view::npos) return false;
  const auto close = text.find(']');
  if (text.starts_with('[')) {
    if (close == std::string_view::npos || close == 1) return false;
    return close + 1 == text.size() || (text[close + 1] == ':' && is_port(text.substr(close + 2)));
  }
  const auto colon = text.find(':');
  const bool bare_v6 = std::count(text.begin(), text.end(), ':') > 1;
  return bare_v6 || colon == std::string_view::npos ||
         (colon > 0 && is_port(text.substr(colon + 1)));
}

bool is_label_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos &&
         (text.front() < '0' || text.front() > '9');
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && repaired(text, kLongestName) == text;
}

}  // namespace mse
