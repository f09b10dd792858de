// One coroutine a source, and what it last said.
#include "exporter/discovery.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>

#include "exporter/discovery_dns.h"
#include "exporter/discovery_file.h"
#include "exporter/discovery_replicas.h"
#include "exporter/log.h"
#include "exporter/within.h"

namespace mse {
namespace {

using FoundNow = Polled<std::shared_ptr<const FoundNodes>>;

constexpr Duration kFileInterval = std::chrono::seconds(2);

Mono now() {
  return std::chrono::steady_clock::now();
}

std::shared_ptr<DiscoveredReplicas> make_replicas(const ServiceSettings& service,
                                                  std::shared_ptr<Resolver> resolver) {
  auto resolve = [resolver = std::move(resolver)](std::string host, Mono deadline) {
    return resolver->resolve(std::move(host), deadline);
  };
  return std::make_shared<DiscoveredReplicas>(*service.discover, service.nodes, std::move(resolve));
}

// Owns the source meanwhile: a look that is cut off may outlive it.
asio::awaitable<FoundNow> find_by(std::shared_ptr<DiscoverySource> source, Mono deadline) {
  co_return co_await source->find(deadline);
}

}  // namespace

// What is looked for, for one service.
struct Discovery::Look {
  Look(const asio::any_io_executor& executor, ServiceSettings looked_for,
       const std::shared_ptr<Resolver>& resolver)
      : service(std::move(looked_for)), wake(executor) {
    const auto& settings = *service.discover;
    if (std::holds_alternative<FileDiscovery>(settings.source)) {
      source = std::make_shared<DiscoveredFiles>(settings);
    } else if (std::holds_alternative<DnsDiscovery>(settings.source)) {
      source = std::make_shared<DiscoveredDns>(executor, settings);
    } else {
      replicas = make_replicas(service, resolver);
      source = replicas;
    }
  }

  // Of the same thing, also for replicas, which depend on the configured nodes.
  bool looks_for(const ServiceSettings& other) const {
    return service.discover == other.discover && (!replicas || service.nodes == other.nodes);
  }

  Duration interval() const {
    const bool files = std::holds_alternative<FileDiscovery>(service.discover->source);
    return files ? std::min(kFileInterval, cadences.poll_interval) : cadences.poll_interval;
  }

  void tell(const FoundNow& now_found) {
    if (!now_found) return fail(now_found.error());
    const bool recovered = up == false;
    const auto before = std::exchange(last, *now_found);
    up = true;
    const auto& nodes = last->nodes;
    if (recovered) log(LogLevel::info, "discovery works again", {{"service", service.name}});
    if (before == last || (before && *before == *last)) return;
    const auto count = std::to_string(nodes.size());
    log(LogLevel::info, "inventory read", {{"service", service.name}, {"nodes", count}});
    for (const auto& why : last->left_out)
      log(LogLevel::warn, "discovered node left out", {{"service", service.name}, {"error", why}});
    if (!before || before->nodes != nodes) (*found)(service.name, nodes);
  }

  void fail(const Failure& failure) {
    up = false;
    log_limited("discovery/" + service.name, now(), LogLevel::warn,
                "discovery failed, the last inventory stays",
                {{"service", service.name}, {"error", failure.text}});
  }

  void end() {
    ended = true;
    wake.cancel();
  }

  ServiceSettings service;
  Cadences cadences;
  std::shared_ptr<const Found> found;
  std::shared_ptr<DiscoverySource> source;
  std::shared_ptr<DiscoveredReplicas> replicas;  // the source, where it is one of them
  asio::steady_timer wake;
  std::shared_ptr<const FoundNodes> last;
  std::optional<bool> up;
  bool pending = true;  // something is to be read first
  bool ended = false;
};

Discovery::Discovery(asio::any_io_executor executor, Found found)
    : executor_(std::move(executor)),
      resolver_(std::make_shared<Resolver>(executor_)),
      found_(std::make_shared<const Found>(std::move(found))) {}

// Only a want of memory could throw here, and ends the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
Discovery::~Discovery() {
  for (const auto& [name, look] : looks_) look->end();
}

void Discovery::look(const std::vector<ServiceSettings>& services, Cadences cadences) {
  decltype(looks_) wanted;
  for (const auto& service : services) {
    if (!service.discover) continue;
    const auto known = looks_.find(service.name);
    const bool same = known != looks_.end() && known->second->looks_for(service);
    const auto look = same ? known->second : start(service, cadences);
    if (same) looks_.erase(known);
    look->cadences = cadences;
    wanted[service.name] = look;
  }
  for (const auto& [name, gone] : std::exchange(looks_, std::move(wanted))) gone->end();
}

std::shared_ptr<Discovery::Look> Discovery::start(const ServiceSettings& service,
                                                  Cadences cadences) {
  const auto look = std::make_shared<Look>(executor_, service, resolver_);
  look->cadences = cadences;
  look->found = found_;
  asio::co_spawn(executor_, keep_looking(look), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  return look;
}

asio::awaitable<void> Discovery::keep_looking(std::shared_ptr<Look> look) {
  // Primaries are polled first; what they say wakes this.
  if (look->replicas) co_await sleep(look, now() + look->interval());
  while (!look->ended) {
    const Mono began = now();
    const Mono deadline = began + look->cadences.poll_timeout;
    look->pending = false;
    auto work = find_by(look->source, deadline);
    const auto found = co_await within(deadline, std::move(work));
    if (look->ended) co_return;
    look->tell(found);
    if (!look->pending) co_await sleep(look, began + look->interval());
  }
}

asio::awaitable<void> Discovery::sleep(std::shared_ptr<Look> look, Mono until) {
  std::error_code woken;
  look->wake.expires_at(until);
  co_await look->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

void Discovery::told(const std::string& service, const NodeSettings& node,
                     const std::string& collector, const std::optional<std::vector<Peer>>& peers) {
  const auto known = looks_.find(service);
  if (known == looks_.end() || !known->second->replicas) return;
  if (!known->second->replicas->told(node, collector, peers)) return;
  known->second->pending = true;
  known->second->wake.cancel();
}

void Discovery::lost(const std::string& service, const std::string& node) {
  const auto known = looks_.find(service);
  if (known != looks_.end() && known->second->replicas) known->second->replicas->lost(node);
}

bool Discovery::looked() const {
  return std::all_of(looks_.begin(), looks_.end(), [](const auto& entry) {
    const Look& look = *entry.second;
    return !look.pending && (look.up || look.replicas);
  });
}

std::optional<bool> Discovery::up(const std::string& service) const {
  const auto found = looks_.find(service);
  return found == looks_.end() ? std::nullopt : found->second->up;
}

}  // namespace mse
