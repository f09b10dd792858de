// Nodes that the primaries of a service name as their replicas.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exporter/discovery_source.h"
#include "exporter/report.h"
#include "exporter/resolver.h"

namespace mse {

// A replica is named as its address. It is left out when a configured node has its name, or its IP
// (of the resolved address) and port: it is that node. A configured address without a port stands
// for every port of its host. A primary that was itself found stays among the found ones. A replica
// that no primary names any more stays while its own polls succeed: a link that broke must not hide
// it. Loopback addresses count only where the primary has one too, link-local ones never: a replica
// says itself where it is. Fails while no primary has named any, and when a configured address
// cannot be resolved.
class DiscoveredReplicas : public DiscoverySource {
 public:
  using Resolve =
      std::function<asio::awaitable<Polled<Addresses>>(std::string host, Mono deadline)>;

  DiscoveredReplicas(DiscoverySettings settings, std::vector<NodeSettings> configured,
                     Resolve resolve)
      : settings_(std::move(settings)),
        configured_(std::move(configured)),
        resolve_(std::move(resolve)) {}

  asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> find(Mono deadline) override;

  // A poll of `node` by `collector` succeeded; `peers` is there when it is a primary. True when
  // what primaries name has changed.
  bool told(const NodeSettings& node, const std::string& collector,
            const std::optional<std::vector<Peer>>& peers);
  void lost(const std::string& node);

 private:
  struct Primary {
    std::string node, address;
    std::vector<Peer> peers;
  };

  asio::awaitable<Polled<std::set<std::string>>> configured_places(Mono deadline);
  std::vector<NodeSettings> named(const std::set<std::string>& known) const;  // by primaries
  void add_answering(std::vector<NodeSettings>& nodes) const;  // found before, and still there
  void add_peer(const Peer& peer, const std::string& primary, const std::set<std::string>& known,
                std::vector<NodeSettings>& nodes) const;
  bool is_configured(const std::string& node) const;

  const DiscoverySettings settings_;
  const std::vector<NodeSettings> configured_;
  const Resolve resolve_;
  std::map<std::pair<std::string, std::string>, Primary> primaries_;  // by node and collector
  std::set<std::string> answering_;                                   // nodes
  std::shared_ptr<const FoundNodes> last_;
};

}  // namespace mse
