// What a service says of its dimensions: canonical policies, groups, enforcement, compatibility,
// changes and objectives.
#pragma once

#include "exporter/config.h"
#include "exporter/options.h"

namespace mse {

// The keys of a URL in `options`, url itself among them; all are read whether it is there or not.
UrlSource read_url_source(Options& options);

// Fills in the settings; what is wrong is remembered in `service`.
void read_policies(Options& service, ServiceSettings& settings);

}  // namespace mse
