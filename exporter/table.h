// A snapshot as a table for a terminal: nodes × dimensions, then what differs and why.
#pragma once

#include <string>
#include <vector>

#include "exporter/snapshot.h"

namespace mse {

// Lines of `rows`, of which there is at least one and all have as many cells; each column as wide
// as its widest cell, and left out where all are empty.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

// One table a service, and a line for each node that is not canonical in a dimension. Plain text
// without colour. Remote text is repaired and cut short. Pure.
std::string render_table(const Snapshot& snapshot);

// What `once` exits with: 0 all canonical (or in transition), 1 a node is divergent, 2 none is, but
// a node is unknown, a dimension has no canonical state, or a service was not read whole. Old drift
// counts as divergent: a single run knows no past.
int table_exit_code(const Snapshot& snapshot);

}  // namespace mse
