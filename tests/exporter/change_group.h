// A group of nodes whose changes are followed at a fake time: what tests of changes speak in.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "exporter/change.h"

namespace mse {

inline constexpr Duration kObjective = std::chrono::minutes(5);

// A group whose canonical the test itself decides; evaluated at every step.
struct ChangeOf : ::testing::Test {
  struct Node {
    std::string name;
    Slot slot;
    Mono joined{};
  };

  StateRef a = std::make_shared<const State>(State{{1, ""}, "A", {}});
  StateRef b = std::make_shared<const State>(State{{2, ""}, "B", {}});
  StateRef c = std::make_shared<const State>(State{{3, ""}, "C", {}});
  ChangeCounts counts;
  ChangeTracker changes{&counts};
  std::deque<Node> nodes;
  StateRef canonical = a;
  Now now{Mono{} + std::chrono::hours(1), Wall{} + std::chrono::hours(500'000)};
  bool first = true, frozen = false;
  std::optional<Order> order;

  void pass(Duration time) {
    now.mono += time;
    now.wall += std::chrono::duration_cast<Wall::duration>(time);
  }
  Node& node(const std::string& name) {
    for (Node& known : nodes) {
      if (known.name == name) return known;
    }
    nodes.push_back({name, Slot(now.mono), now.mono});
    return nodes.back();
  }
  void remove(const std::string& name) {
    std::erase_if(nodes, [&name](const Node& known) { return known.name == name; });
  }
  // All nodes answer with these states, by their letters; "-" is unknown. Then an evaluation.
  std::optional<Change> step(const std::string& states) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      Sighting& seen = node("n" + std::to_string(i)).slot.seen;
      if (states[i] == '-') {
        seen.miss(Reason::refused, now.mono);
      } else {
        seen.see(states[i] == 'A' ? a : states[i] == 'B' ? b : c, false, std::nullopt, now);
      }
    }
    return evaluate();
  }
  std::optional<Change> after(Duration time, const std::string& states) {
    pass(time);
    return step(states);
  }
  std::optional<Change> evaluate() {
    Census census;
    std::vector<Seat> seats;
    for (Node& known : nodes) {
      census.count(known.slot.seen.state(), true, known.slot.seen.confirmed());
      seats.push_back({&known.name, &known.slot, true, known.joined});
      const bool unknown = !known.slot.seen.state();
      known.slot.unknown_at_first = known.slot.unknown_at_first || (first && unknown);
    }
    Group group{now, census, seats, first, frozen, last_found, kObjective};
    if (order) changes.declare(*order, group);
    order.reset();
    auto closed = changes.advance(group);
    const Change* open = changes.open();
    const StateRef target =
        open != nullptr && open->moves_canonical() ? open->to.state() : canonical;
    const Found found{target, target ? target->text : "", std::nullopt};
    changes.canonical_moved(found, group);
    changes.follow(group, found);
    last_found = found;
    first = false;
    return closed;
  }
  Order declared(const std::string& to, Duration ago = {}, Duration given = kObjective) const {
    Order out;
    out.to = Goal(StateWord(to));
    out.deploy_id = "deploy-" + to;
    out.started = {now.mono - ago, now.wall - std::chrono::duration_cast<Wall::duration>(ago)};
    out.deadline = {out.started.mono + given,
                    out.started.wall + std::chrono::duration_cast<Wall::duration>(given)};
    return out;
  }
  std::uint64_t moves(Direction direction) { return counts.transitions[direction]; }
  std::uint64_t ended(Outcome outcome) { return counts.changes[outcome]; }

 private:
  Found last_found;
};

}  // namespace mse
