// Where a node listens, as the operator wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace mse {

struct Address {
  std::string host;  // name or IP without brackets; a directory when `local`
  std::uint16_t port = 0;
  bool local = false;  // a unix socket in the directory `host`

  friend bool operator==(const Address&, const Address&) = default;
};

// "host", "host:port", "[v6]", "[v6]:port", a bare v6 address, or an absolute path: the directory
// of a unix socket (its port, where it is a part of the socket's name, is `port`). Pure.
Result<Address> parse_address(std::string_view text, std::uint16_t default_port);

}  // namespace mse
