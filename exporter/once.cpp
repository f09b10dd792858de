// A short-lived engine with quick cadences, stopped when every node was polled twice.
#include "exporter/once.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <cstdio>
#include <optional>

#include "exporter/engine.h"
#include "exporter/table.h"

namespace mse {
namespace {

// A majority needs two equal polls; a node that failed has told all that it will.
bool is_settled(const CollectorView& collector) {
  return std::all_of(collector.nodes.begin(), collector.nodes.end(), [](const auto& node) {
    return node.polls >= 2 || (node.polls == 1 && !node.up);
  });
}

bool is_settled(const Snapshot& snapshot) {
  return snapshot.incomplete == 0 &&
         std::all_of(snapshot.services.begin(), snapshot.services.end(), [](const auto& service) {
           return std::all_of(service.collectors.begin(), service.collectors.end(),
                              [](const auto& collector) { return is_settled(collector); });
         });
}

}  // namespace

int once(Config config, Fetch fetch) {
  auto& cadences = config.cadences;
  const Duration longest = 3 * cadences.poll_timeout + std::chrono::seconds(5);
  cadences.poll_interval = std::min<Duration>(cadences.poll_interval, std::chrono::seconds(1));
  cadences.deep_interval = cadences.poll_interval;

  asio::io_context loop;
  std::shared_ptr<const Snapshot> last = std::make_shared<const Snapshot>();
  std::optional<Engine> engine;
  engine.emplace(
      loop.get_executor(), config,
      [&](std::shared_ptr<const Snapshot> snapshot) {
        last = std::move(snapshot);
        if (engine && engine->looked() && is_settled(*last)) loop.stop();
      },
      fetch);
  loop.run_for(longest);
  std::fputs(render_table(*last).c_str(), stdout);
  return table_exit_code(*last);
}

}  // namespace mse
