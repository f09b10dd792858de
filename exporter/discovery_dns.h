// Nodes out of DNS: the addresses of a name, or the targets of its SRV records.
#pragma once

#include <asio/any_io_executor.hpp>
#include <string>

#include "exporter/discovery_source.h"

namespace mse {

// A node is named as its address: ip:port, [v6]:port, or an SRV target's host:port. A name that
// does not exist and one without records are answers that empty the list; with two types asked for,
// both must be answered. A target that is no host fails the read.
class DiscoveredDns : public DiscoverySource {
 public:
  // `servers` as in ask_dns().
  DiscoveredDns(asio::any_io_executor executor, DiscoverySettings settings,
                std::string servers = "")
      : executor_(std::move(executor)),
        settings_(std::move(settings)),
        servers_(std::move(servers)) {}

  asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> find(Mono deadline) override;

 private:
  const asio::any_io_executor executor_;
  const DiscoverySettings settings_;
  const std::string servers_;
};

}  // namespace mse
