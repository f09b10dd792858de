// What primaries name, without the nodes that are configured anyway.
#include "exporter/discovery_replicas.h"

#include <algorithm>

#include "exporter/node_text.h"

namespace mse {
namespace {

struct Split {
  std::string host, port;  // no port: empty
};

Split split(const std::string& address) {
  const auto close = address.find(']');
  if (address.starts_with('[') && close != std::string::npos)
    return {address.substr(1, close - 1),
            close + 1 < address.size() ? address.substr(close + 2) : ""};
  const auto colon = address.find(':');
  const bool one = colon != std::string::npos && address.find(':', colon + 1) == std::string::npos;
  return one ? Split{address.substr(0, colon), address.substr(colon + 1)} : Split{address, ""};
}

bool same_peers(const std::vector<Peer>& one, const std::vector<Peer>& other) {
  return std::equal(
      one.begin(), one.end(), other.begin(), other.end(),
      [](const Peer& a, const Peer& b) { return a.name == b.name && a.address == b.address; });
}

// Compared as "host port", and as "host " for every port.
std::string place(const std::string& host, const std::string& port) {
  return host + " " + port;
}

}  // namespace

bool DiscoveredReplicas::told(const NodeSettings& node, const std::string& collector,
                              const std::optional<std::vector<Peer>>& peers) {
  answering_.insert(node.name);
  const std::pair key(node.name, collector);
  if (!peers) return primaries_.erase(key) > 0;
  const auto known = primaries_.find(key);
  if (known != primaries_.end() && same_peers(known->second.peers, *peers)) return false;
  primaries_.insert_or_assign(key, Primary{node.name, node.address, *peers});
  return true;
}

void DiscoveredReplicas::lost(const std::string& node) {
  answering_.erase(node);
}

bool DiscoveredReplicas::is_configured(const std::string& node) const {
  return std::any_of(configured_.begin(), configured_.end(),
                     [&](const auto& each) { return each.name == node; });
}

void DiscoveredReplicas::add_peer(const Peer& peer, const std::set<std::string>& known,
                                  std::vector<NodeSettings>& nodes) const {
  if (is_configured(peer.name) || !is_name(peer.address) || !is_address(peer.address)) return;
  const auto [host, port] = split(peer.address);
  if (known.contains(place(host, port)) || known.contains(place(host, ""))) return;
  nodes.push_back({peer.address, peer.address, settings_.labels, true});
}

asio::awaitable<Polled<std::set<std::string>>> DiscoveredReplicas::configured_places(
    Mono deadline) {
  std::set<std::string> places;
  for (const auto& node : configured_) {
    if (node.address.starts_with('/')) continue;
    const auto [host, port] = split(node.address);
    const auto addresses = co_await resolve_(host, deadline);
    if (!addresses) co_return tl::unexpected(addresses.error());
    for (const auto& address : *addresses) places.insert(place(address.to_string(), port));
  }
  co_return places;
}

std::vector<NodeSettings> DiscoveredReplicas::named(const std::set<std::string>& known) const {
  std::vector<NodeSettings> nodes;
  for (const auto& [key, primary] : primaries_) {
    if (!is_configured(primary.node))
      nodes.push_back({primary.node, primary.address, settings_.labels, true});
    for (const auto& peer : primary.peers) add_peer(peer, known, nodes);
  }
  return nodes;
}

void DiscoveredReplicas::add_answering(std::vector<NodeSettings>& nodes) const {
  if (!last_) return;
  for (const auto& node : last_->nodes) {
    if (answering_.contains(node.name)) nodes.push_back(node);
  }
}

asio::awaitable<Polled<std::shared_ptr<const FoundNodes>>> DiscoveredReplicas::find(Mono deadline) {
  const auto known = co_await configured_places(deadline);
  if (!known) co_return tl::unexpected(known.error());
  if (primaries_.empty())
    co_return tl::unexpected(Failure{Reason::partial, "no primary names its replicas"});
  auto nodes = named(*known);
  add_answering(nodes);
  // Several primaries, or collectors, may name one: no reason to tell of it.
  std::set<std::string> names;
  std::erase_if(nodes, [&](const auto& node) { return !names.insert(node.name).second; });
  last_ = std::make_shared<const FoundNodes>(unique_nodes(std::move(nodes)));
  co_return last_;
}

}  // namespace mse
