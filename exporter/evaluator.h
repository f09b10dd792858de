// Decides what is canonical, who diverges, since when and why: observations in, snapshots out.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "exporter/config.h"
#include "exporter/declaration.h"
#include "exporter/remembered.h"
#include "exporter/report.h"
#include "exporter/snapshot.h"

namespace mse {

// What a declared source says now: a canonical state, or that it cannot be read.
struct SourceUnreachable {};
using DeclaredValue = std::variant<std::string, SourceUnreachable>;

// The rules of semantics.md for one service. No I/O, no clock: every call is told the time, which
// never runs back on Mono; Wall may step. One thread.
//
// Where semantics.md leaves a choice, this is what holds:
// - The first canonical of all is taken at the first complete round without waiting for a second
//   poll; every later new majority waits.
// - A canonical missing by no_majority or two_primaries makes the *known* nodes divergent; unread
//   ones stay unknown.
// - A member not yet polled is unknown{stale}. A node without a state under a missing canonical
//   (no_primary, source_unreachable, no_nodes) is unknown without a reason, its state still shown.
// - A primary whose state in a dimension is unknown is, there, no primary. Primaries of several
//   groups under one explicit `primary` policy must agree, else no_primary.
// - Several states that a declared word names: the commonest is meant, the others are divergent.
// - preexisting ends when its node is seen canonical. It is bound also where the first round showed
//   the node under lag or maintenance, and, after a canonical missing since then, by the first one.
// - Preexisting and acknowledged nodes take no part in opening, closing and counting a change.
// - One change is open at a time per dimension and group of compare_within. Told of several
//   allowances, the first in the order of AllowanceSource is named.
// - A move counts in `transitions` at its first poll; one that may open a change counts when that
//   is decided by the second: forward, or lateral.
// - replication_history is compared within replication groups only and left out elsewhere.
// - Traffic that an edge counts for a node is the node's as long as it has no counter of its own,
//   which comes first; names that are no member are not counted.
// - Measures (M3 to M5, M8) are summed over the nodes that tell them: a table that several nodes
//   share is to be read through one.
// - While nodes are in grace no canonical moves by itself and no change closes as converged or
//   rolled_back.
class Evaluator {
 public:
  // Begins with the configured nodes, if there are any and none are discovered beside them.
  explicit Evaluator(ServiceSettings settings, Cadences cadences);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // Keeps all that is known of nodes and dimensions that both settings have. A configured list
  // takes the place of the members at once (an operator's removal needs no grace), unless others
  // are discovered: then inventory() is told all.
  void reconfigure(ServiceSettings settings, Cadences cadences);

  // The members a successful discovery read found, with the configured ones. Telling the configured
  // list changes nothing.
  void inventory(const std::vector<NodeSettings>& nodes, Now now);

  // Whom to poll: the members, and those that an emptied or halved read keeps in grace (their
  // `serving` is false, and no snapshot shows them).
  std::vector<NodeSettings> members() const;
  // Another number whenever members() may have changed, also by the end of a grace.
  std::uint64_t members_version() const;

  // No other collectors than these tell from now on; what only they read is not compared any more.
  void expect_only(const std::set<std::string>& collectors);

  // The dimensions `collector` reads on every node: what a complete round needs. `deep` are those
  // of them read every deep_interval; the others are read every poll_interval. Told again:
  // replaces.
  void expect(const std::string& collector, const std::vector<std::string>& dimensions,
              const std::vector<std::string>& deep = {});

  // One poll of `collector` on `node` ended. Dimensions left out keep their last observation.
  void report(const std::string& node, const std::string& collector, Report report, Now now);

  // The connection or the whole poll of `collector` on `node` failed: all its dimensions there are
  // unknown at once.
  void lost(const std::string& node, const std::string& collector, Reason reason, Now now);

  // One coordinated position round, replicas read before primaries. Nodes left out did not answer
  // in time.
  void positions(const std::map<std::string, PositionReading>& round, Now now);

  // Nodes to read again at once (deep), because what they are compared with moved. Cleared by the
  // call; ask after report(), positions() and evaluate().
  std::vector<std::string> reread();

  // What a dimension's declared source says; a literal in the settings need not be told.
  void declared(const std::string& dimension, const DeclaredValue& value, Now now);
  // May be told before the first complete round: it opens with it.
  // What one source repeats is not meant anew, whatever another has said since.
  void declare(const std::string& dimension, const Declaration& declaration, Now now,
               const std::string& source = {});

  // The acknowledgements from now on, in the place of those of the settings.
  void allow(std::vector<Acknowledgement> all);

  // The declared change with this deploy id: the oldest open one of all groups, else the one that
  // ended last. Nothing when none is known, or was not looked at yet.
  std::optional<ChangeView> change(const std::string& dimension, const std::string& deploy_id,
                                   Now now) const;

  // The service's maintenance window that is open now, and its end and reason; nothing when none
  // is.
  struct OpenMaintenance {
    Wall end{};
    std::string why;
  };
  void maintenance(const std::optional<OpenMaintenance>& open);

  // Nothing before the first complete round: every node and dimension has an observation, unknown
  // counts. At least one node must have been there; later the service survives without any. All
  // rules advance here; nothing moves between two calls but what was told.
  std::optional<ServiceView> evaluate(Now now);

  // What must survive a restart; what of it was restored and not evaluated yet comes back as it
  // was. `now` is that of the last evaluation.
  Remembered remember(Now now) const;

  // Goes on where another run left off: before anything is told but settings. A state that had
  // secrets equals none that is read from now on: a canonical is then found anew, a node's mark as
  // preexisting is lost (it pages), and a change between two states that differ in secrets alone
  // is not restored. Where the wall clock has stepped back since, changes are longer than they
  // seem and their times count in no percentile. False then.
  bool restore(const Remembered& remembered, Now now);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace mse
