// What the nodes of a service count: requests and measures, and which statuses they go to.
#include <algorithm>

#include "exporter/evaluator_memory.h"
#include "exporter/service_view.h"

namespace mse {

// What adds to counters. An edge names nodes as it likes: others than members are not counted.
void Evaluator::Memory::count(Member& member, const std::string& collector, const Report& report,
                              Mono now) {
  if (report.requests) exposure.read(member.traffic, collector, *report.requests, now);
  if (report.measures) {
    measures.read(member.serial, collector, *report.measures, now);
  } else {
    measures.told_nothing(member.serial, collector);
  }
  if (report.requests_of.empty()) return;
  const std::string edge = std::to_string(member.serial) + " " + collector;
  for (const auto& [node, requests] : report.requests_of) {
    if (Member* other = find(node)) exposure.read_edge(other->traffic, edge, requests, now);
  }
}

// Of each node that serves, whether it can be read or not: who has told nothing may still count.
bool Evaluator::Memory::all_told() const {
  return std::all_of(members.begin(), members.end(), [this](const Member* member) {
    return !member->serves() || std::all_of(expected.begin(), expected.end(), [&](const auto& one) {
      return member->collectors.contains(one.first);
    });
  });
}

void Evaluator::Memory::settle_exposure(ServiceView& view, Mono now) {
  // Decided once, and again after a reload.
  const bool decides = !exposure.decided() && all_told();
  const CounterShare share = decides ? counter_share(members) : CounterShare{};
  if (share.known) exposure.decide(share.having, share.serving);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!compared.empty())
      exposure.settle(members[i]->traffic, view.nodes[i].exposure, members[i]->serves(), now);
    if (measures.settles()) measures.settle(members[i]->serial, view.nodes[i]);
  }
  view.measures = measures.view();
  view.by_requests = exposure.by_requests();
  view.requests = exposure.requests();
  view.node_seconds = exposure.node_seconds();
  burn.remember(view.by_requests ? view.requests : view.node_seconds, view.by_requests, now);
  view.burn = burn.windows(now);
}

}  // namespace mse
