// How what pipelines declare is fetched from a URL, by whoever knows HTTP.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "exporter/collector.h"
#include "exporter/config.h"

namespace mse {

// What is at the URL now, at most 64 KiB. Like a poll: one deadline, never throws, and uses only
// what the environment gives.
using Fetch = asio::awaitable<Polled<std::string>> (*)(std::shared_ptr<Environment> environment,
                                                       UrlSource source, Mono deadline);

}  // namespace mse
