// Addresses of host names, looked up beside the loop so that a name that hangs costs only itself.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporter/collector.h"

namespace mse {

using Addresses = std::vector<asio::ip::address>;

struct ResolverLimits {
  int threads = 8;                           // lookups at once; started when needed
  std::size_t waiting = 1024;                // names that wait for a thread; more are refused
  Duration keep = std::chrono::seconds(30);  // a name's addresses
  Duration keep_failure = std::chrono::seconds(5);
  // A name whose last lookup took longer than this is slow: slow names get at most half of the
  // threads, so that a dead zone never stops the rest.
  Duration slow = std::chrono::seconds(1);
};

// Blocks as long as it likes; runs on a thread of the resolver.
using Lookup = std::function<Polled<Addresses>(const std::string& host)>;

// getaddrinfo(3): at most 16 addresses, in its order. Failure is dns.
Polled<Addresses> system_lookup(const std::string& host);

// Loop thread only. Names are looked up once, however many ask at the same time. Destroying it
// blocks on no lookup: threads that hang keep what they use and end by themselves, and never touch
// the loop again; who still waits is told when its deadline comes.
class Resolver {
 public:
  explicit Resolver(asio::any_io_executor executor, ResolverLimits limits = {},
                    Lookup lookup = system_lookup);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // At least one address. A literal address is given at once. Failure is dns, or deadline.
  asio::awaitable<Polled<Addresses>> resolve(std::string host, Mono deadline);

 private:
  struct Memory;
  static asio::awaitable<Polled<Addresses>> resolve_in(std::shared_ptr<Memory> memory,
                                                       std::string host, Mono deadline);

  std::shared_ptr<Memory> memory_;
};

}  // namespace mse
