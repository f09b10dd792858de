// Reads and tells URLs of the configuration.
#pragma once

#include "exporter/fetch.h"

namespace mse {

// A Fetch over HTTP(S): redirects within the host are followed, any status but success is a
// Failure.
asio::awaitable<Polled<std::string>> fetch_url(std::shared_ptr<Environment> environment,
                                               UrlSource source, Mono deadline);

// A Send over HTTP(S): no redirect is followed, any status but success is a Failure.
asio::awaitable<Polled<void>> send_url(std::shared_ptr<Environment> environment, UrlSource source,
                                       std::string body, Mono deadline);

}  // namespace mse
