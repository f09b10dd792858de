// Splitting host and port, and letting the system read the address.
#include "exporter/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <optional>

namespace mse {
namespace {

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (port < 0 || port > 65535) return std::nullopt;
  return port;
}

bool read_ipv4(ListenAddress& address) {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.host.c_str(), &parsed) != 1) return false;
  address.loopback = (ntohl(parsed.s_addr) >> 24U) == 127;
  return true;
}

bool read_ipv6(ListenAddress& address) {
  in6_addr parsed{};
  if (inet_pton(AF_INET6, address.host.c_str(), &parsed) != 1) return false;
  address.ipv6 = true;
  address.loopback = IN6_IS_ADDR_LOOPBACK(&parsed) != 0;
  return true;
}

bool read_host(ListenAddress& address, std::string_view host) {
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" && !bracketed ? "127.0.0.1" : host;
  if (bracketed) return read_ipv6(address);
  return host.empty() || read_ipv4(address);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  ListenAddress address;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && read_host(address, text.substr(0, colon))) {
    if (const auto port = parse_port(text.substr(colon + 1))) {
      address.port = *port;
      return address;
    }
  }
  return fail("listen address \"" + std::string(text) +
              "\": expected an IP address and port such as 127.0.0.1:9889, [::1]:9889 or :9889");
}

}  // namespace mse
