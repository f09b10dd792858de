// Exposure by requests and by time.
#include "exporter/exposure.h"

#include <algorithm>

namespace mse {

void Exposure::read(Traffic& traffic, const std::string& collector, std::uint64_t counter,
                    Mono now) const {
  if (traffic.source.empty()) traffic.source = collector;
  if (traffic.source != collector) return;
  if (!traffic.edges.empty()) {
    traffic.edges.clear();
    traffic.fresh = traffic.gap = 0;
  }
  if (traffic.counter) {
    const std::uint64_t delta = counter >= *traffic.counter ? counter - *traffic.counter : counter;
    (now - traffic.read_at > gap_ ? traffic.gap : traffic.fresh) += delta;
  }
  traffic.counter = counter;
  traffic.read_at = now;
  traffic.read = true;
}

void Exposure::read_edge(Traffic& traffic, const std::string& edge, std::uint64_t counter,
                         Mono now) const {
  if (traffic.counter) return;
  if (traffic.edges.size() >= kMostEdges)
    std::erase_if(traffic.edges, [&](const auto& one) { return now - one.second.read_at > gap_; });
  if (traffic.edges.size() >= kMostEdges && !traffic.edges.contains(edge)) return;
  const auto [known, first] = traffic.edges.try_emplace(edge, Traffic::Edge{counter, now});
  Traffic::Edge& last = known->second;
  if (!first) {
    const std::uint64_t delta = counter >= last.counter ? counter - last.counter : counter;
    (now - last.read_at > gap_ ? traffic.gap : traffic.fresh) += delta;
  }
  last = {counter, now};
  traffic.read = true;
}

void Exposure::settle(Traffic& traffic, Status status, bool serving, Mono now) {
  if (serving) {
    settle_requests(traffic, status);
    settle_time(traffic, status, now);
  } else {
    traffic.timed.reset();
  }
  traffic.fresh = traffic.gap = 0;
  if (traffic.read) traffic.at_reading = status;
  traffic.read = false;
}

void Exposure::settle_requests(Traffic& traffic, Status status) {
  if (!by_requests_ || !traffic.at_reading) return;
  const Status worse = std::max(status, *traffic.at_reading);
  requests_.at(static_cast<std::size_t>(worse)) += static_cast<double>(traffic.fresh);
  requests_.at(static_cast<std::size_t>(Status::unknown)) += static_cast<double>(traffic.gap);
}

void Exposure::settle_time(Traffic& traffic, Status status, Mono now) {
  if (traffic.timed) {
    const Duration passed = now - *traffic.timed;
    const Status worse = passed > gap_ ? Status::unknown : std::max(status, traffic.before);
    node_seconds_.at(static_cast<std::size_t>(worse)) +=
        std::chrono::duration<double>(passed).count();
  }
  traffic.timed = now;
  traffic.before = status;
}

void Exposure::decide(int having, int serving) {
  decided_ = true;
  by_requests_ = serving > 0 && having >= kCountersNeeded * serving;
}

Status exposed(const NodeDimension& dimension) {
  if (dimension.preexisting) return Status::canonical;
  const bool harmless = dimension.allowance == AllowanceSource::compatible ||
                        dimension.allowance == AllowanceSource::acknowledged;
  return harmless ? Status::canonical : dimension.status;
}

}  // namespace mse
