// Handing a turn on.
#include "exporter/turns.h"

#include <utility>

namespace mse {

void Turns::ask(const std::string& source, Id id, std::function<void()> go) {
  queue_.push(source, id);
  waiting_[id] = std::move(go);
  if (free_ == 0) return;
  --free_;
  give();
}

void Turns::withdraw(Id id) {
  if (queue_.remove(id)) waiting_.erase(id);
}

void Turns::end(const std::string& source) {
  queue_.finished(source);
  give();
}

void Turns::give() {
  const auto next = queue_.pop();
  if (!next) {
    ++free_;
    return;
  }
  const auto found = waiting_.find(*next);
  const auto go = std::move(found->second);
  waiting_.erase(found);
  go();
}

void Turns::forget() {
  queue_ = FairQueue();
  waiting_.clear();
}

}  // namespace mse
