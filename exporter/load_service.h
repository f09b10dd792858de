// One entry of `services` as settings, and what its collectors are made from.
#pragma once

#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/options.h"

namespace mse {

constexpr const char* kAddressExpected =
    "a host, host:port, [v6]:port or the directory of a unix socket";

struct ServiceDraft {
  struct Entry {
    std::string kind;
    Options settings;
  };

  Options options;  // of the whole service; remembers what is wrong with it
  ServiceSettings settings;
  std::vector<Options> nodes;      // each configured node
  std::vector<Options> overrides;  // each node's own collector settings, in the order of the nodes
  std::vector<Entry> collect;
};

// Reads all of it; what is wrong, within itself, is remembered in `options`.
ServiceDraft read_service(Options options);

// What `allow` holds; of a service's own, the service's name is left empty.
std::vector<Acknowledgement> read_allowances(Options& options, bool of_service);

}  // namespace mse
