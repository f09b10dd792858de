// How a URL is read, and told something, by whoever knows HTTP.
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

// Posts the JSON `body` there, in the same way; success is any 2xx.
using Send = asio::awaitable<Polled<void>> (*)(std::shared_ptr<Environment> environment,
                                               UrlSource source, std::string body, Mono deadline);

// Who is told, by POST, when a change opens and when it ends.
struct ChangeWebhook {
  UrlSource to;
  Duration timeout = std::chrono::seconds(5);  // of one try

  friend bool operator==(const ChangeWebhook&, const ChangeWebhook&) = default;
};

}  // namespace mse
