// States held once: equal states of a dimension are one object, however many nodes hold them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "exporter/model.h"
#include "exporter/snapshot.h"

namespace mse {

// Two of one table are equal exactly when they are the same object: comparing states is comparing
// pointers, and their parts are never copied.
using StateRef = std::shared_ptr<const State>;

// The states of one dimension. One thread.
class StateTable {
 public:
  // The one object equal to `state` by fingerprint and secret digest. A remembered one becomes
  // what is read now.
  StateRef intern(State state);

  // "The dimension does not exist here" as a state: fingerprint 0, text "absent".
  StateRef absent();

  // Drops the states that nobody holds any more. Linear in the table.
  void forget_unused();

  std::size_t size() const { return states_.size(); }

 private:
  std::map<StateKey, std::shared_ptr<State>> states_;
};

// A state as people and pipelines name it: by its short text or its decimal fingerprint. Empty
// names nothing.
class StateWord {
 public:
  StateWord() = default;
  explicit StateWord(std::string text);

  bool names(const State& state) const;
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::optional<std::uint64_t> fingerprint_;
};

// The parts in which two states differ, sorted: another digest, or only on one side. Nothing when
// either is absent, for then no part is to blame, or has parts that are not known.
KeyList differing_keys(const State& one, const State& other);

}  // namespace mse
