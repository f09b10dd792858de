// What the status page shows, as JSON for programs.
#pragma once

#include <string>

#include "exporter/result.h"
#include "exporter/snapshot.h"

namespace mse {

// Of what is asked; empty: all.
struct StatusFilter {
  std::string service, dimension, node;
};

// Nodes outside the canonical state in an answer, and names in a list; of the rest the number is
// told.
inline constexpr std::size_t kStatusRows = 300;
inline constexpr std::size_t kStatusNames = 10;
inline constexpr std::size_t kStatusKeys = 100;  // differing keys, of a node or dimension asked for

// One object. Fails, in a sentence, when nothing in `snapshot` has a name that is asked for. Of a
// node that is asked for by name all dimensions are shown, else those in which a node is not
// canonical, worst first. Pure; linear in nodes × dimensions, and small at any size of the fleet.
Result<std::string> status_json(const Snapshot& snapshot, const StatusFilter& filter, Mono now);

// The same before there is any snapshot.
std::string empty_status_json();

}  // namespace mse
