// A list of sources that goes round.
#include "exporter/fair_queue.h"

#include <algorithm>

namespace mse {

void FairQueue::push(const std::string& source, Id id) {
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const auto& each) { return each.first == source; });
  if (found != sources_.end()) {
    found->second.push_back(id);
  } else {
    sources_.emplace_back(source, std::deque<Id>{id});
  }
}

std::optional<FairQueue::Id> FairQueue::pop() {
  if (sources_.empty()) return std::nullopt;
  const auto has = [this](const Waiting& source) {
    const auto found = under_way_.find(source.first);
    return found == under_way_.end() ? 0 : found->second;
  };
  const auto next = std::min_element(
      sources_.begin(), sources_.end(),
      [&has](const auto& one, const auto& other) { return has(one) < has(other); });
  auto& [source, waiting] = *next;
  const Id id = waiting.front();
  waiting.pop_front();
  ++under_way_[source];
  if (waiting.empty()) {
    sources_.erase(next);
  } else {
    sources_.splice(sources_.end(), sources_, next);
  }
  return id;
}

void FairQueue::finished(const std::string& source) {
  const auto found = under_way_.find(source);
  if (found != under_way_.end() && --found->second == 0) under_way_.erase(found);
}

bool FairQueue::remove(Id id) {
  for (auto source = sources_.begin(); source != sources_.end(); ++source) {
    auto& waiting = source->second;
    const auto found = std::find(waiting.begin(), waiting.end(), id);
    if (found == waiting.end()) continue;
    waiting.erase(found);
    if (waiting.empty()) sources_.erase(source);
    return true;
  }
  return false;
}

}  // namespace mse
