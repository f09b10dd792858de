// The interface a collector implements: it knows a system, reads one node at a time, and compares
// nothing.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/model.h"
#include "exporter/options.h"
#include "exporter/report.h"
#include "exporter/result.h"

namespace mse {

// Why a poll failed. The reason goes to metrics; the text (unsafe until repaired) only to the log.
struct Failure {
  Reason reason = Reason::internal;
  std::string text;
};

template <typename T>
using Polled = tl::expected<T, Failure>;

// What a collector may use of the process. Lives longer than every session. Loop thread only.
struct Environment {
  asio::any_io_executor executor;
  // Addresses of a host, bounded in time by `deadline` and cached; Failure is dns or deadline.
  std::function<asio::awaitable<Polled<std::vector<asio::ip::address>>>(std::string host,
                                                                        Mono deadline)>
      resolve;
  // Waits for the process-wide connect-rate limit; Failure is deadline.
  std::function<asio::awaitable<Polled<void>>(Mono deadline)> may_connect;
  std::string hmac_key;  // of this process, for digests of secrets
};

// One collector on one node; keeps its connections between polls. Destroying it closes them. Never
// waits past a deadline, never logs, never counts. A poll that fails leaves the session able to
// poll again.
class Session {
 public:
  virtual ~Session() = default;
  virtual asio::awaitable<Polled<Report>> poll(Depth depth, Mono deadline) = 0;
  // On a connection of its own, so that a heavy poll never delays a round. Failure unsupported: has
  // none.
  virtual asio::awaitable<Polled<PositionReading>> position(Mono deadline) = 0;
};

// A validated `collect` entry of a service (with one node's overrides applied).
class Collector {
 public:
  virtual ~Collector() = default;
  virtual std::vector<std::string> dimensions() const = 0;  // what poll reads, over narrow and deep
  virtual std::vector<std::string> deep_dimensions() const = 0;
  virtual bool has_positions() const = 0;
  // Whether it reads the node over its address. Where not, its connection_key() alone says what it
  // reads, and is another for each node of a service.
  virtual bool needs_address() const { return true; }
  virtual std::unique_ptr<Session> open(std::string address, Environment& environment) const = 0;
  virtual std::string grants()
      const = 0;  // the least privilege it needs, as the system's own commands
  // What it takes measures from, without the node's address: two of a node would count them twice.
  // Empty where it takes none, or only those that its settings name.
  virtual std::string measured() const { return ""; }
  // Settings that reach the same thing: a reload keeps the session when this is unchanged.
  virtual std::string connection_key() const = 0;
};

// One line of the table in collectors/all.cpp.
struct CollectorKind {
  std::string_view name, summary;
  Result<std::unique_ptr<Collector>> (*make)(Options options);
};

const std::vector<CollectorKind>& collector_kinds();

}  // namespace mse
