// A queue that serves sources in turn, so that one with a thousand requests delays none with one.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace mse {

// First the source of which least is under way; among equals in turn; within one, first come first
// served. One thread.
class FairQueue {
 public:
  using Id = std::uint64_t;

  void push(const std::string& source, Id id);
  std::optional<Id> pop();                   // is under way from now on
  void finished(const std::string& source);  // one that was popped
  // False when it was not waiting.
  bool remove(Id id);

 private:
  using Waiting = std::pair<std::string, std::deque<Id>>;

  std::list<Waiting> sources_;            // whose turn is next, first
  std::map<std::string, int> under_way_;  // none is 0
};

}  // namespace mse
