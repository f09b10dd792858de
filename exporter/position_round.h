// One coordinated read of positions: in each replication group replicas first, then primaries.
#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/report.h"
#include "exporter/watch.h"

namespace mse {

using PositionReadings = std::map<std::string, PositionReading>;

// Reads the members that are in rounds now; groups do not wait for each other. Ends within
// `interval`: replicas have half of it, primaries what is left but for a tenth. Who has not
// answered by then is left out, goes on to its own deadline, and is in no round until it ended.
asio::awaitable<PositionReadings> position_round(std::vector<std::shared_ptr<Watch>> members,
                                                 Duration interval, Duration timeout);

}  // namespace mse
