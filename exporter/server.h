// HTTP on civetweb: gives what was rendered, decides nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exporter/announcements.h"
#include "exporter/callers.h"
#include "exporter/page.h"
#include "exporter/result.h"

namespace mse {

// What was accepted, and whether it survives this process.
struct Told {
  Announced announced;
  bool durable = false;
};

struct ServerSettings {
  std::string listen_address = "127.0.0.1:0";  // on loopback: the front door faces the network
  std::string telemetry_path = "/metrics";
  // Whom it serves: only connections that the front door opened. Null: everybody, all trusted.
  std::shared_ptr<Callers> callers;
  // POST /-/reload, for trusted callers; empty: 403. Called on a server thread, never twice at
  // once.
  std::function<Result<void>()> reload;
  // The changes API, for callers with an identity; empty: 403. Called on server threads; returns
  // when what it accepts is in force and stored.
  std::function<Accepted<Told>(const Word& word, const std::string& by)> announce;
  // Told the status of each answer, on a server thread; may be empty.
  std::function<void(int status)> answered;
};

// Threads of its own, which only read the newest page. Routes: telemetry path (gzip when asked,
// HEAD), /-/healthy, /-/ready (503 while the first round is incomplete or the snapshot is stale),
// /-/reload, / (status page). Without a page, or with a stale one, services are withheld. One
// request a connection, 5 s for it to arrive; a thread is tied to each connection meanwhile, so it
// listens on IPv4 loopback only. Destroying it ends its threads, within two seconds.
class Server {
 public:
  // Fails with the reason when it cannot listen there.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings);
  virtual ~Server() = default;
  virtual void publish(std::shared_ptr<const Page> page) = 0;  // any thread
  virtual int port() const = 0;  // the one bound, also when 0 was asked for
};

}  // namespace mse
