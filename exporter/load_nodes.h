// The key `nodes` of a service: a list, or what is configured and what is looked for.
#pragma once

#include "exporter/load_service.h"

namespace mse {

// Reads the configured nodes, with what they override, and the discovery. What is wrong is
// remembered in the draft's options.
void read_nodes(ServiceDraft& draft);

}  // namespace mse
