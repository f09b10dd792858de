// A queue that serves sources in turn, so that one with a thousand requests delays none with one.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace mse {

// Within a source, first come first served. One thread.
class FairQueue {
 public:
  using Id = std::uint64_t;

  void push(const std::string& source, Id id);
  std::optional<Id> pop();
  // False when it was not waiting.
  bool remove(Id id);

 private:
  std::list<std::pair<std::string, std::deque<Id>>> sources_;  // whose turn is next, first
};

}  // namespace mse
