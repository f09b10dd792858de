// Each name and each address once.
#include "exporter/discovery_source.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

namespace mse {
namespace {

constexpr std::size_t kMostTold = 10;

}  // namespace

FoundNodes unique_nodes(std::vector<NodeSettings> nodes) {
  // By all there is, so that the same nodes give the same inventory in whatever order they come.
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.address, a.labels) < std::tie(b.name, b.address, b.labels);
  });
  FoundNodes found;
  std::set<std::string> names, addresses;
  for (auto& node : nodes) {
    const bool fresh_name = names.insert(node.name).second;
    const bool fresh_address = addresses.insert(node.address).second;
    if (fresh_name && fresh_address) {
      found.nodes.push_back(std::move(node));
    } else if (found.left_out.size() < kMostTold) {
      found.left_out.push_back("another node has the " +
                               (fresh_name ? "address " + node.address : "name " + node.name));
    }
  }
  return found;
}

std::vector<NodeSettings> without(const std::vector<NodeSettings>& found,
                                  const std::vector<NodeSettings>& configured) {
  std::set<std::string_view> names, addresses;
  for (const auto& node : configured) {
    names.insert(node.name);
    addresses.insert(node.address);
  }
  std::vector<NodeSettings> left;
  std::copy_if(found.begin(), found.end(), std::back_inserter(left), [&](const auto& node) {
    return !names.contains(node.name) && !addresses.contains(node.address);
  });
  return left;
}

}  // namespace mse
