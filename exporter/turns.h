// A few at a time, sources in turn: for work that a slow or greedy client must not hold up.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "exporter/fair_queue.h"

namespace mse {

// One thread.
class Turns {
 public:
  using Id = FairQueue::Id;

  explicit Turns(int at_once) : free_(at_once) {}

  // Calls `go` when the turn of `id` has come, at once when one is free. It ends with end().
  void ask(const std::string& source, Id id, std::function<void()> go);
  void withdraw(Id id);  // one that waits; else nothing happens
  void end();            // of one that was told to go
  void forget();         // none of those that wait is told any more

 private:
  int free_;
  FairQueue queue_;
  std::map<Id, std::function<void()>> waiting_;
};

// Ends a turn that was given, however its work ends.
class TurnEnd {
 public:
  explicit TurnEnd(Turns& turns) : turns_(turns) {}
  ~TurnEnd() { turns_.end(); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

 private:
  Turns& turns_;
};

}  // namespace mse
