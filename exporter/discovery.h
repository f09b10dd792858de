// Looks for the nodes of services again and again, and tells when an inventory moved.
#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/discovery_source.h"
#include "exporter/report.h"
#include "exporter/resolver.h"

namespace mse {

// One coroutine a service. Files are looked at every 2 s, all else every poll_interval; each look
// within poll_timeout. A source that fails is logged, and what it said last stands. Loop thread
// only; destroying it ends every look.
class Discovery {
 public:
  // Told after the first successful read, and after each that found other nodes; not from within a
  // call of this class.
  using Found =
      std::function<void(const std::string& service, const std::vector<NodeSettings>& nodes)>;

  Discovery(asio::any_io_executor executor, Found found);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // Looks for the nodes of those of `services` that say where, from now on. What both calls have
  // goes on undisturbed.
  void look(const std::vector<ServiceSettings>& services, Cadences cadences);

  // A poll by `collector` succeeded on a node of the service, or failed: what primaries say of
  // their replicas, and who answers.
  void told(const std::string& service, const NodeSettings& node, const std::string& collector,
            const std::optional<std::vector<Peer>>& peers);
  void lost(const std::string& service, const std::string& node);

  // Whether each source has been read or has failed since it last said that something moved.
  bool looked() const;

  // Whether the last read succeeded; nothing for a service without discovery or before its first.
  std::optional<bool> up(const std::string& service) const;

 private:
  struct Look;
  static asio::awaitable<void> keep_looking(std::shared_ptr<Look> look);
  static asio::awaitable<void> sleep(std::shared_ptr<Look> look, Mono until);
  std::shared_ptr<Look> start(const ServiceSettings& service, Cadences cadences);

  const asio::any_io_executor executor_;
  const std::shared_ptr<Resolver> resolver_;  // of configured nodes, beside their replicas
  const std::shared_ptr<const Found> found_;
  std::map<std::string, std::shared_ptr<Look>> looks_;  // by service
};

}  // namespace mse
