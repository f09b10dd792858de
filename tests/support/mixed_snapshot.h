// Snapshots that a person would look at: a mixed state, a large fleet, and names that are markup.
#pragma once

#include <string>

#include "exporter/snapshot.h"

namespace mse {

// Three services: one that cannot be judged, in the middle of a declared change; one that diverges;
// one of thirty healthy nodes. A fourth waits for its first round.
Snapshot mixed_snapshot();

// One service `fleet` of nodes node-0, node-1, …, five dimensions; every node is `status` in each,
// in a state and with differing keys of its own.
Snapshot wide_snapshot(int nodes, Status status);

// Every string of `snapshot`'s first service is `text`: names of the service, its nodes and its one
// remaining dimension too.
void spoil(Snapshot& snapshot, const std::string& text);

}  // namespace mse
