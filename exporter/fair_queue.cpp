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
  auto& waiting = sources_.front().second;
  const Id id = waiting.front();
  waiting.pop_front();
  if (waiting.empty()) {
    sources_.pop_front();
  } else {
    sources_.splice(sources_.end(), sources_, sources_.begin());
  }
  return id;
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
