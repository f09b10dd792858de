// Polls every node at its time, within its deadline, and never twice at once: the only owner of
// time.
#pragma once

#include <asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/backoff.h"
#include "exporter/collector.h"
#include "exporter/config.h"
#include "exporter/report.h"

namespace mse {

// One collector on one node of one service.
struct Target {
  std::string service, node, kind, address;
  std::shared_ptr<const Collector> collector;
};

// Told on the loop thread, never after the poller is destroyed.
class PollListener {
 public:
  virtual ~PollListener() = default;
  // A poll ended: with a report, or with the reason why nothing of the node can be read.
  virtual void polled(const Target& target, Depth depth, Duration took, Polled<Report> result) = 0;
  // A coordinated round of a service's targets with positions ended; nodes that did not answer in
  // time are left out. Not called for a service without any such target.
  virtual void positions(const std::string& service,
                         const std::map<std::string, PositionReading>& round) = 0;
};

struct PollerLimits {
  int connects_per_second = 50, connect_burst = 20;
  // First polls are spread over this, or over what connecting to all new targets takes at that
  // rate.
  Duration start_spread = std::chrono::seconds(2);
  // After failures in a row. `longest` is cut to two poll intervals, so that a node that recovered
  // is seen within two.
  BackoffLimits backoff;
  unsigned seed = 0;  // of jitter; 0: from the system
};

// Sessions, schedules, backoff, position rounds and the resolver of one event loop. Loop thread
// only. Destroying it closes every connection and ends every coroutine it started, as soon as the
// loop runs or goes; a lookup that hangs delays neither.
//
// A poll's deadline is poll_timeout after it began. A session that ignores it is cut off a quarter
// of that later, and counts as deadline; if it ignores even that, it is left to itself, and every
// further turn counts as deadline until it has ended: never two polls at once. What a session
// throws is Failure internal. Failures of position reads are logged here; those of polls are told.
//
// Rounds: a node takes part from its first report on, in the group and role it last told; one that
// failed backs off and is left out meanwhile, as is one that still has not answered the last round.
// After a refused login no position is tried before a poll has succeeded.
class Poller {
 public:
  Poller(asio::any_io_executor executor, PollListener& listener, PollerLimits limits = {});
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Polls these targets from now on. A target whose service, node, kind, address and
  // connection_key are unchanged keeps its session and its place in the schedule (but uses the new
  // collector's settings from its next connection on); others are closed or opened.
  void poll(std::vector<Target> targets, Cadences cadences);

  // What sessions use, for others who read beside the polls; whoever keeps it keeps it alive.
  std::shared_ptr<Environment> environment() const;

  // Something moved: a deep poll of every target of the node at once (after the one under way), but
  // not sooner than position_interval after its last poll began, and not while it is backing off.
  void hurry(const std::string& service, const std::string& node);

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace mse
