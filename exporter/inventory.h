// Who belongs to a service: removals are final, unless a read looks like an accident (semantics 2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/config.h"

namespace mse {

// How long nodes are kept that a read dropped by emptying or halving the list.
inline constexpr Duration kGrace = std::chrono::minutes(10);

// The members of a service and those in grace. Pure. Linear.
class Inventory {
 public:
  struct Member {
    NodeSettings settings;
    std::optional<Mono> grace_until;  // in grace until then; nothing: a member
  };

  // A successful read found `nodes` (of equal names the first counts). When it empties the list, or
  // drops more than half of what the last one had without as many new ones, the dropped stay in
  // grace from then; otherwise they are gone. A list that comes back in parts ends no grace; as
  // many new nodes as are not there do.
  void read(const std::vector<NodeSettings>& nodes, Mono now);

  // The operator's own list: removals are final.
  void replace(const std::vector<NodeSettings>& nodes);

  // Grace ends.
  void expire(Mono now);

  const std::vector<Member>& members() const { return members_; }  // in the order of the read
  bool any_in_grace() const;

 private:
  std::vector<Member> members_;
};

}  // namespace mse
