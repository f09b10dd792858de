// A front door with the HTTP server behind it, and a page to serve.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "exporter/front_door.h"
#include "exporter/server.h"
#include "tests/support/http_client.h"

namespace mse {

inline std::shared_ptr<const Page> page_of(std::string metrics) {
  const auto page = std::make_shared<Page>();
  page->metrics = std::move(metrics);
  page->self_metrics = "self\n";
  page->at = std::chrono::steady_clock::now();
  page->stale_after = std::chrono::hours(1);
  return page;
}

struct OpenDoor {
  explicit OpenDoor(FrontDoorSettings settings = {}, ServerSettings behind = {}) {
    behind.callers = settings.callers = std::make_shared<Callers>();
    auto started = Server::start(std::move(behind));
    if (!started) throw std::runtime_error(started.error().message);
    server = std::move(*started);
    settings.inner_port = server->port();
    if (settings.listen_address == ":9889") settings.listen_address = "127.0.0.1:0";
    auto opened = FrontDoor::start(std::move(settings));
    if (!opened) throw std::runtime_error(opened.error().message);
    door = std::move(*opened);
  }
  int port() const { return door->port(); }

  std::unique_ptr<Server> server;
  std::unique_ptr<FrontDoor> door;
};

}  // namespace mse
