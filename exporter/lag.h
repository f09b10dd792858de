// How far a replica is behind, in seconds and bytes, from the history of its primary's positions.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "exporter/model.h"

namespace mse {

// What a replica's lag is at one instant. Both absent: unmeasurable, which is never 0.
struct Lag {
  std::optional<Duration> time;        // 0 when nothing the primary has written is missing
  std::optional<std::uint64_t> bytes;  // primary's newest position − applied position
  // The replica is behind everything remembered: its lag is at least this, though not known.
  std::optional<Duration> at_least;
};

// The positions of one replication group's primary over time (semantics 3). Writes nothing
// anywhere, and is right when the primary is idle, the replica paused, or the link cut: unlike the
// age of the last replayed transaction it does not grow on an idle pair, and unlike receive −
// replay it does not read 0 when the link is cut. Read replicas first, then the primary: a replica
// is then never ahead by chance. One thread. Memory is bounded by `capacity` samples of 16 bytes;
// an idle primary costs two.
class PositionHistory {
 public:
  explicit PositionHistory(std::size_t capacity = 7200) : capacity_(capacity < 2 ? 2 : capacity) {}

  // The primary was at `position` of `history` (timeline, replid, domain) at `at`. Another history,
  // or a position or time that went backwards, starts anew: positions across them do not compare.
  void add(const std::string& history, Mono at, std::uint64_t position);

  // The lag at `now` of a replica that has applied `applied` of `history`. Unmeasurable on another
  // history, without samples, and before the oldest sample.
  Lag lag(const std::string& history, std::uint64_t applied, Mono now) const;

  // The primary cannot be read: samples stay, but lag is unmeasurable until the next add().
  void primary_lost() { primary_known_ = false; }

 private:
  struct Sample {
    Mono at;
    std::uint64_t position;
  };

  // When the primary's position first exceeded `applied`, by linear interpolation; nothing when
  // even the oldest sample had. `applied` is behind the newest sample.
  std::optional<Mono> exceeded_at(std::uint64_t applied) const;

  std::size_t capacity_;
  std::string history_;
  std::deque<Sample> samples_;  // positions never fall, times rise; a flat stretch is its two ends
  bool primary_known_ = false;
};

}  // namespace mse
