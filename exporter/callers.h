// Whom an inner connection is for: what the front door tells the HTTP server behind it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mse {

// Header fields of an answer, names as they were written.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct Caller {
  std::string address;   // without the port
  std::string identity;  // user, or name of a verified client certificate; empty: none
  // May change something: it proved who it is, or it is on this machine and speaks for itself.
  bool trusted = false;
  std::shared_ptr<const HeaderFields>
      headers;  // of --web.config.file, for each answer; may be null
};

// Source ports of the front door's inner connections. Any thread.
class Callers {
 public:
  void enter(int port, Caller caller) {
    const std::lock_guard lock(mutex_);
    by_port_[port] = std::move(caller);
  }
  void leave(int port) {
    const std::lock_guard lock(mutex_);
    by_port_.erase(port);
  }
  // Nothing for a port that the front door did not open: somebody else on this machine.
  std::optional<Caller> at(int port) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_port_.find(port);
    return found == by_port_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable std::mutex mutex_;
  std::map<int, Caller> by_port_;
};

}  // namespace mse
