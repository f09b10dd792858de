// Where to listen, as flags say it.
#pragma once

#include <string>
#include <string_view>

#include "exporter/result.h"

namespace mse {

struct ListenAddress {
  std::string host;  // an IP address; empty: every IPv4 address
  int port = 0;      // 0: any free one
  bool ipv6 = false, loopback = false;
};

// "127.0.0.1:9889", "[::1]:9889", "localhost:9889", ":9889". Names but localhost are not resolved.
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace mse
