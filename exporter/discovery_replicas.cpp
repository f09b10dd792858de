// What primaries name, without the nodes that are configured anyway.
#include "exporter/discovery_replicas.h"

#include <algorithm>
#include <asio/ip/address.hpp>

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

bool is_loopback(const std::string& host) {
  std::error_code no_literal;
  const auto ip = asio::ip::make_address(host, no_literal);
  return no_literal ? host == "localhost" : ip.is_loopback();
}

// Replicas say themselves where they are. What is this machine to a primary elsewhere would be this
// exporter's, and nobody serves at an address that every link has, or at none.
bool is_far(const std::string& host, const std::string& primary) {
  if (is_loopback(host)) return is_loopback(primary);
  std::error_code no_literal;
  const auto ip = asio::ip::make_address(host, no_literal);
  if (no_literal) return !host.starts_with('/');
  if (ip.is_unspecified() || ip.is_multicast()) return false;
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) return false;
  return ip.is_v6() ? !ip.to_v6().is_link_local() : (ip.to_v4().to_uint() >> 16U) != 0xA9FEU;
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

void DiscoveredReplicas::add_peer(const Peer& peer, const std::string& primary,
                                  const std::set<std::string>& known,
                                  std::vector<NodeSettings>& nodes) const {
  if (is_configured(peer.name) || !is_name(peer.address) || !is_address(peer.address)) return;
  const auto [host, port] = split(peer.address);
  if (!is_far(host, split(primary).host)) return;
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
    for (const auto& peer : primary.peers) add_peer(peer, primary.address, known, nodes);
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
