// One DNS question, asked without blocking the loop, and what came back told apart: records, none,
// or no answer.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "exporter/collector.h"

namespace mse {

enum class DnsType { a, aaaa, srv };

struct DnsRecord {
  std::string host;  // an address, or the target of SRV
  int port = 0;      // of SRV

  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};

// The records of `type` that `name`, taken as the full name, has. A name that does not exist or has
// none of them is an answer, too: an empty list. Failure is dns (servers that fail, refuse or talk
// nonsense) or deadline. A truncated answer is asked for again by TCP; a part of one is never
// taken. `servers` as in ares_set_servers_ports_csv(3); empty: those of resolv.conf(5), read anew
// each time. Loop thread only.
asio::awaitable<Polled<std::vector<DnsRecord>>> ask_dns(asio::any_io_executor executor,
                                                        std::string servers, std::string name,
                                                        DnsType type, Mono deadline);

}  // namespace mse
