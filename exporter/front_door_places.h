// Who may hold a connection at the front door, and who has to give way: counts, no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mse {

struct PlaceLimits {
  std::size_t connections = 512;
  std::size_t of_one_source = 32;
  std::size_t kept = 64;  // of `connections`: for the telemetry path and for requests on their way
  std::size_t answer_bytes = std::size_t{64} << 20U;  // of all answers not yet written
};

// What a connection does: its request arrives (or the last bytes of its answer leave); it is being
// answered; its answer is written.
enum class Phase { arriving, working, writing };

// The connections of the front door. A source is an address, or an IPv6 /64. Fair between sources:
// where room is short, the one that holds most gives way, first with what has not arrived yet,
// longest there first; so one that holds nothing always gets in while another holds more than it.
// One thread.
class Places {
 public:
  using Id = std::uint64_t;  // grows with each connection
  struct Admission {
    bool admitted = false;
    std::optional<Id> dropped;  // has given up its place to it
  };

  explicit Places(const PlaceLimits& limits) : limits_(limits) {}

  Admission admit(Id id, const std::string& source);
  void enter(Id id, Phase phase);  // of one that is here
  // `bytes` more of its answer are in memory. Who has given up its place so that they fit; `id`
  // itself when nobody of a source that holds more could.
  std::vector<Id> hold(Id id, std::size_t bytes);
  void release(Id id);  // its answer is no longer in memory
  void leave(Id id);    // also of one that has gone already

  std::size_t size() const { return places_.size(); }
  std::size_t held() const { return held_; }
  // Only the kept places are left.
  bool crowded() const { return places_.size() + limits_.kept > limits_.connections; }

 private:
  struct Place {
    std::string source;
    Phase phase = Phase::arriving;
    std::size_t bytes = 0;
  };
  using Entry = std::pair<const Id, Place>;
  struct Totals {
    std::size_t places = 0, bytes = 0;
  };

  std::map<std::string, Totals> totals() const;
  std::optional<Id> giving_way_to(const std::string& source) const;
  std::optional<Id> giving_way_within(const std::string& source) const;
  std::optional<Id> holding_most() const;

  PlaceLimits limits_;
  std::map<Id, Place> places_;
  std::size_t held_ = 0;
};

}  // namespace mse
