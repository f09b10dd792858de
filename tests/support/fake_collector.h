// Collectors without a system: nodes that do what a test tells them, and count what is done to
// them.
#pragma once

#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/collector.h"

namespace mse {

// What a read of a fake node does.
struct Does {
  enum class What {
    answers,
    fails,
    keeps_deadline,  // says nothing until the deadline, then Failure deadline
    hangs,           // until it is cancelled
    ignores,         // even that: until FakeNode::release
    throws,
    connects,  // asks the environment for addresses and for leave to connect, then answers
  };
  What what = What::answers;
  Reason reason = Reason::refused;  // of `fails`
};

// How often something ran, and how often at the same time.
struct Calls {
  int begun = 0, ended = 0, most_at_once = 0;
  int running() const { return begun - ended; }
};

// Told by the test, and read by it. Each read takes the next of its list; the last one stays.
struct FakeNode {
  std::deque<Does> polls{{}}, positions{{}};
  std::map<int, std::function<void()>> before_poll;  // by number, from 1
  Report report;
  PositionReading position;

  Calls poll_calls, position_calls;
  std::vector<Depth> depths;
  std::vector<Mono> poll_times, position_times;
  int opened = 0, closed = 0;
  std::vector<std::string> opened_by;  // the collectors' names
  std::vector<std::weak_ptr<asio::steady_timer>> ignoring;
  std::string hmac_key;  // of the environment

  void release();  // ends what ignores its cancellation
};

// Reaches the nodes by their address.
using FakeNodes = std::map<std::string, std::shared_ptr<FakeNode>>;

class FakeCollector : public Collector {
 public:
  FakeCollector(std::shared_ptr<FakeNodes> nodes, bool with_positions, std::string name = "fake",
                std::string key = "key")
      : nodes_(std::move(nodes)),
        with_positions_(with_positions),
        name_(std::move(name)),
        key_(std::move(key)) {}

  std::vector<std::string> dimensions() const override { return {"fake"}; }
  std::vector<std::string> deep_dimensions() const override { return {}; }
  bool has_positions() const override { return with_positions_; }
  std::unique_ptr<Session> open(std::string address, Environment& environment) const override;
  std::string grants() const override { return ""; }
  std::string connection_key() const override { return key_; }

 private:
  std::shared_ptr<FakeNodes> nodes_;
  bool with_positions_;
  std::string name_, key_;
};

}  // namespace mse
