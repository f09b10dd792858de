// Splits addresses as people write them.
#include "collectors/client/address.h"

#include <algorithm>
#include <charconv>

namespace mse {

namespace {

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.begin(), text.end(), port);
  if (error != std::errc() || stop != text.end() || port == 0) {
    return fail("the port must be a number from 1 to 65535, not \"" + std::string(text) + "\"");
  }
  return port;
}

Result<Address> with_port(std::string_view host, std::string_view rest, std::uint16_t port) {
  if (host.empty()) return fail("the address has no host");
  if (rest.empty()) return Address{std::string(host), port, false};
  if (rest.front() != ':') return fail("after the host only :port may follow");
  return parse_port(rest.substr(1)).map([&](std::uint16_t said) {
    return Address{std::string(host), said, false};
  });
}

}  // namespace

Result<Address> parse_address(std::string_view text, std::uint16_t default_port) {
  if (text.empty()) return fail("the address is empty");
  if (text.find('\0') != std::string_view::npos) return fail("the address holds a NUL byte");
  if (text.front() == '/') return Address{std::string(text), default_port, true};
  if (text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail("the address lacks its closing ]");
    return with_port(text.substr(1, close - 1), text.substr(close + 1), default_port);
  }
  if (std::count(text.begin(), text.end(), ':') > 1) return with_port(text, "", default_port);
  const auto colon = std::min(text.find(':'), text.size());
  return with_port(text.substr(0, colon), text.substr(colon), default_port);
}

}  // namespace mse
