// Fetches declarations from URLs beside the polls, and tells what came.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "exporter/fetch.h"

namespace mse {

// Loop thread only. Destroying it drops what is under way.
class DeclaredUrls {
 public:
  // `change`: a change declaration, not a canonical state.
  struct Place {
    std::string service, dimension;
    bool change = false;
    UrlSource source;
  };
  using Told = std::function<void(const Place& place, Polled<std::string> text)>;

  // Without `fetched_by` every URL is Failure unsupported.
  DeclaredUrls(std::shared_ptr<Environment> environment, Fetch fetched_by, Told told);
  ~DeclaredUrls();
  DeclaredUrls(const DeclaredUrls&) = delete;
  DeclaredUrls& operator=(const DeclaredUrls&) = delete;

  // Fetches each URL of the settings, but for those still under way.
  void read(const ServiceSettings& settings, Mono deadline);

 private:
  struct Memory;
  static asio::awaitable<void> fetch(std::shared_ptr<Memory> memory, Place place, Mono deadline);
  void start(Place place, Mono deadline);

  std::shared_ptr<Memory> memory_;
};

}  // namespace mse
