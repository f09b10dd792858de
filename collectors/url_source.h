// Fetches what pipelines declare at URLs.
#pragma once

#include "exporter/fetch.h"

namespace mse {

// A Fetch over HTTP(S): redirects within the host are followed, any status but success is a
// Failure.
asio::awaitable<Polled<std::string>> fetch_url(std::shared_ptr<Environment> environment,
                                               UrlSource source, Mono deadline);

}  // namespace mse
