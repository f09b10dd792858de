// A session of one node whose coroutines may outlive it.
#pragma once

#include <memory>
#include <utility>

#include "exporter/collector.h"

namespace mse {

// What a read fails with that finds its node closed.
inline tl::unexpected<Failure> closed_meanwhile() {
  return tl::unexpected(Failure{Reason::internal, "the session was closed meanwhile"});
}

// Coroutines hold the node, which close() leaves without clients: a read that begins, or goes on,
// after that fails with closed_meanwhile(). On the loop thread.
template <typename Node>
class NodeSession : public Session {
 public:
  using NodePtr = std::shared_ptr<Node>;
  using Poll = asio::awaitable<Polled<Report>> (*)(NodePtr node, Depth depth, Mono deadline);
  using Position = asio::awaitable<Polled<PositionReading>> (*)(NodePtr node, Mono deadline);

  // Without `positions` the node has none.
  explicit NodeSession(NodePtr node, Poll polls, Position positions = &no_position)
      : node_(std::move(node)), poll_(polls), position_(positions) {}
  NodeSession(const NodeSession&) = delete;
  NodeSession& operator=(const NodeSession&) = delete;
  ~NodeSession() override { node_->close(); }

  asio::awaitable<Polled<Report>> poll(Depth depth, Mono deadline) override {
    return poll_(node_, depth, deadline);
  }
  asio::awaitable<Polled<PositionReading>> position(Mono deadline) override {
    return position_(node_, deadline);
  }

 private:
  static asio::awaitable<Polled<PositionReading>> no_position(NodePtr /*node*/, Mono /*deadline*/) {
    co_return tl::unexpected(Failure{Reason::unsupported, "this collector reads no positions"});
  }

  NodePtr node_;
  Poll poll_;
  Position position_;
};

}  // namespace mse
