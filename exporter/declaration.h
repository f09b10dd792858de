// A pipeline's word that a dimension is moving to a state (semantics 7).
#pragma once

#include <string>
#include <vector>

#include "exporter/model.h"

namespace mse {

// States by short text or decimal fingerprint. Told again unchanged it does nothing, so a file may
// be told at every read.
struct Declaration {
  std::string state;
  std::string from;       // empty: the previous canonical, else the commonest other state
  std::string deploy_id;  // empty: nobody named one
  Wall started{};         // Wall{}: when it is told; in the future: it opens then
  Wall deadline{};        // Wall{} or not after `started`: started + the convergence objective
  std::vector<std::string> nodes;       // a canary: the canonical stays
  std::vector<std::string> dimensions;  // that follow; empty: schema, if this is of schema_version

  friend bool operator==(const Declaration&, const Declaration&) = default;
};

}  // namespace mse
