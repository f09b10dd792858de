// How much traffic nodes serve in which status: by their own counters, and by time (semantics 8).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "exporter/snapshot.h"

namespace mse {

// The share of serving nodes that must have a counter for requests to be the source.
inline constexpr double kCountersNeeded = 0.95;

// Edges that are heard of one node; further ones are left out, so that its traffic is too low and
// never too high.
inline constexpr std::size_t kMostEdges = 64;

// What is remembered of one node's traffic.
struct Traffic {
  // What an edge in front of it counts.
  struct Edge {
    std::uint64_t counter = 0;
    Mono read_at{};
  };
  std::string source;                 // the collector that counts its requests; the first that does
  std::map<std::string, Edge> edges;  // by who counts; several share a node's traffic
  std::optional<std::uint64_t> counter;
  Mono read_at{};
  std::uint64_t fresh = 0, gap = 0;  // counted since the last settlement; `gap` across a long gap
  bool read = false;                 // there was a reading since
  std::optional<Status> at_reading;  // status at the last settled reading
  std::optional<Mono> timed;         // until when its time is counted
  Status before = Status::unknown;   // status then

  bool counted() const { return counter || !edges.empty(); }
};

// The exposure of one service. Counters only ever rise.
class Exposure {
 public:
  // A gap of more than two polls: two intervals and what a poll may take.
  void configure(const Cadences& cadences) {
    gap_ = 2 * cadences.poll_interval + cadences.poll_timeout;
  }

  // `collector` told a node's counter. The first reading is the baseline; a counter that fell was
  // reset, and counts from 0.
  void read(Traffic& traffic, const std::string& collector, std::uint64_t counter, Mono now) const;

  // `edge` told how much it has sent to the node; the sum over edges is the node's traffic. A
  // counter of the node's own comes first: with one, edges are not heard.
  void read_edge(Traffic& traffic, const std::string& edge, std::uint64_t counter, Mono now) const;

  // What a node served since the last evaluation goes to the worse of its statuses then and now.
  // A node that does not serve weighs nothing.
  void settle(Traffic& traffic, Status status, bool serving, Mono now);

  // Whether requests are the source: `having` of `serving` nodes have a counter or cannot be read.
  // Undecided while no node is known to have one or to have none.
  void decide(int having, int serving);
  void undecide() { decided_ = false; }  // a reload
  bool decided() const { return decided_; }

  bool by_requests() const { return by_requests_; }
  const PerStatus<double>& requests() const { return requests_; }
  const PerStatus<double>& node_seconds() const { return node_seconds_; }

 private:
  void settle_requests(Traffic& traffic, Status status);
  void settle_time(Traffic& traffic, Status status, Mono now);

  Duration gap_ = std::chrono::seconds(35);
  bool decided_ = false, by_requests_ = false;
  PerStatus<double> requests_{}, node_seconds_{};
};

// What a node's standing in an enforced dimension means for exposure: acknowledged, compatible and
// preexisting count as canonical.
Status exposed(const NodeDimension& dimension);

}  // namespace mse
