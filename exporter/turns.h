// A few at a time, sources in turn: for work that a slow or greedy client must not hold up.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "exporter/fair_queue.h"

namespace mse {

// One thread.
class Turns {
 public:
  using Id = FairQueue::Id;

  explicit Turns(int at_once) : free_(at_once) {}

  // Calls `go` when the turn of `id` has come, at once when one is free. It ends with end().
  void ask(const std::string& source, Id id, std::function<void()> go);
  void withdraw(Id id);                 // one that waits; else nothing happens
  void end(const std::string& source);  // of one that was told to go
  void forget();                        // none of those that wait is told any more

 private:
  void give();

  int free_;
  FairQueue queue_;
  std::map<Id, std::function<void()>> waiting_;
};

// Ends a turn that was given, however its work ends.
class TurnEnd {
 public:
  TurnEnd(Turns& turns, std::string source) : turns_(turns), source_(std::move(source)) {}
  ~TurnEnd() { turns_.end(source_); }
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

 private:
  Turns& turns_;
  std::string source_;
};

}  // namespace mse
