// What the engine holds of one service.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "exporter/engine.h"

namespace mse {

inline Now this_instant() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

struct Engine::Service {
  Evaluator evaluator;
  ServiceSettings settings;
  std::vector<CollectEntry> entries;
  std::vector<CollectorView> collectors;  // one an entry
  std::vector<NodeSettings> discovered;   // by the last successful read
  std::uint64_t followed = 0;             // the members' version that is polled

  ServiceFacts facts() const {
    ServiceFacts out{settings.name, settings.owner, settings.tier, {}};
    for (const auto& entry : entries)
      for (const auto& dimension : entry.all().front()->dimensions())
        if (!settings.off.contains(dimension)) out.dimensions.insert(dimension);
    return out;
  }

  std::vector<NodeSettings> inventory() const {
    auto all = settings.nodes;
    const auto more = without(discovered, settings.nodes);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  CollectorView* collector(const std::string& name) {
    const auto found = std::find_if(collectors.begin(), collectors.end(),
                                    [&](const auto& view) { return view.kind == name; });
    return found == collectors.end() ? nullptr : &*found;
  }
};

}  // namespace mse
