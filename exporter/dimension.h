// One dimension of a service, evaluated: groups, canonical states, changes and statuses.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "exporter/allowance.h"
#include "exporter/evaluator.h"
#include "exporter/member.h"
#include "exporter/replication.h"
#include "exporter/snapshot.h"

namespace mse {

// What the service is at one evaluation; referred to, not owned.
struct World {
  Now now;
  const std::vector<Member*>& members;  // without those in grace
  std::size_t places;                   // above every member's
  const ReplicationGroups& replication;
  const Cadences& cadences;
  const Objectives& objectives;
  bool frozen = false;  // nodes are in grace
  const std::optional<Evaluator::OpenMaintenance>& maintenance;
  std::set<std::string>& reread;  // nodes to hurry
};

// The memory of one dimension, over all groups of compare_within. The calls of one evaluation come
// in the order of their declaration, each for all dimensions before the next: a change in one may
// open one in another. Linear in the members.
class Dimension {
 public:
  explicit Dimension(std::string name) : name_(std::move(name)) {}
  Dimension(const Dimension&) = delete;
  Dimension& operator=(const Dimension&) = delete;

  void configure(const ServiceSettings& settings);
  void poll_every(Duration interval);

  // Told between evaluations. True when a replicated state moved, so that the nodes it replicates
  // with are to be read again.
  bool read(Member& member, Reading reading, Now now);
  void missed(const Member& member, Reason reason, Now now);
  void declared(const DeclaredValue& value, Now now);
  // False: told unchanged. `source`: whose word it is, so that repeating it is not meant anew.
  bool declare(const Declaration& declaration, const std::string& source, Now now);
  // What was opened of declarations since the last call: others may follow it.
  std::vector<Declaration> take_opened() { return std::exchange(opened_, {}); }
  // A change in `leader` is declared and open, in which this dimension follows.
  void follow(const std::string& leader, const Declaration& declaration);

  // Every member has an observation, and there is one.
  bool complete(const std::vector<Member*>& members);
  bool begun() const { return begun_; }  // had its first complete round

  // History. What was restored comes back as it was until the first judge().
  RememberedDimension remember(const std::vector<Member*>& members, const Storing& clocks) const;
  void restore(RememberedDimension remembered, const Restoring& clocks);

  // 1. Counts every group. 2. Opens what is declared. 3. Lets changes progress and end. 4. Opens
  // what follows from a change of another. 5. Decides all else, and writes the views, which are in
  // the members' order.
  void count(const World& world);
  void open_declared(const World& world);
  void progress(const World& world);
  void open_following(const Dimension& leader, const World& world);
  void judge(const World& world, std::vector<NodeView>& nodes);

  const std::string& name() const { return name_; }
  const std::string& leader() const { return following_.leader; }  // empty: follows none

  // Of the last evaluation. Not shown: no node has ever had it, or nothing of it is compared.
  bool shown() const { return shown_; }
  DimensionView view(const World& world) const;
  std::optional<ChangeView> change(const std::string& deploy_id, Now now) const;

 private:
  // A group of compare_within (or of replication, for the history of replication).
  struct Compared {
    explicit Compared(ChangeCounts* counts) : changes(counts) {}
    Canonical canonical;
    ChangeTracker changes;
    Found before, found;  // at the last evaluation, and at this one
    bool had_primary = false, missing_since_first = false;
    bool forgotten = false;        // history could not keep the canonical: found at once
    bool first_canonical = false;  // after none since the first round: all it finds outside is old
    bool fresh = true;             // what is declared for all groups was not told to it yet
    Census census;
    std::vector<Seat> seats;
    std::vector<std::size_t> rows;  // of the seats, among the members
    std::unordered_map<const State*, std::pair<StateRef, KeyList>> differing;  // from `found`
    SharedRow canonical_row;  // of every node in `found`
  };
  struct Told {
    Declaration declaration;
    Now at;
    std::string source;  // empty: not known, as after a restart until it is repeated
  };
  struct Following {
    std::string leader;
    Declaration declaration;
    bool hurried = false;  // the node that leads is read again once
  };

  Slot& slot(const Member& member);
  Slot recalled(const Member& member);
  void restore_group(Compared& group, const RememberedGroup& remembered, const Restoring& clocks);
  void restore_words(const Restoring& clocks);
  RememberedWords remember_words(const Storing& clocks) const;
  RememberedGroup remember_group(const Compared& group, const Storing& clocks) const;
  PolicyKind policy_of(const Compared& group, const World& world) const;
  std::optional<std::string> group_of(const Member& member, const World& world) const;
  void seat(Compared& group, Member& member, std::size_t row, const World& world);
  void see_what_there_is(const World& world);
  // Over all members: what they answered, counted in one pass.
  struct Answers {
    bool absent = true;        // nobody polled has anything else
    bool supported = false;    // somebody's last answer was another
    bool unsupported = false;  // somebody answers so now: of nodes that are gone it says nothing
    void count(const Sighting& seen);
  };
  Group now_of(const Compared& group, const World& world) const;
  Order order_of(const Declaration& declaration, Now told) const;
  void open_everywhere(const Order& order, const World& world);
  // A change that others follow, and the node that led: the first at its target that is still here.
  struct Lead {
    const Change* change;
    std::string node;
    Mono at;
  };
  std::optional<Lead> leading(const StateWord& target, Mono now) const;
  static std::optional<Lead> lead_of(const Change& change, const Compared& group);
  void follow_node(const Slot& first, const Compared& group, const Lead& lead, const World& world);
  void decide(Compared& group, const World& world);
  void leave_behind(Compared& group, const Change& closed, Mono now);
  Permissions permissions_of(const Compared& group, const World& world) const;
  void judge_group(Compared& group, const World& world, std::vector<NodeView>& nodes);
  void judge_ungrouped(const World& world, std::vector<NodeView>& nodes);
  SharedRow row_of(NodeDimension judged) const;
  void show(SharedRow row, NodeView& node) const;
  NodeDimension judge_node(Compared& group, const Seat& seat, const Member& member,
                           const Permissions& permissions, const World& world);
  void judge_outside(NodeDimension& out, Compared& group, const Seat& seat, const Member& member,
                     const Permissions& permissions, const World& world);
  void bind_old_drift(const NodeDimension& judged, Slot& slot, const Compared& group) const;
  KeyList differing(Compared& group, const StateRef& state) const;
  bool lagging(const Member& member, const Slot& slot, const Found& canonical,
               const World& world) const;
  const SharedRow& canonical_row(Compared& group) const;
  void tally(const NodeDimension& node, const Seat& seat);
  std::vector<StateNodes> live_states() const;
  void view_changes(DimensionView& view, Now now) const;

  std::string name_;
  SharedText shared_name_{name_};  // as snapshots show it
  // By the members' places: walked in order, which ten thousand nodes apart in memory would not be.
  std::vector<std::pair<std::uint64_t, Slot>> slots_;  // with the serial of whose it is
  StateTable states_;

  std::optional<PolicyKind> policy_;  // nothing: the default
  std::optional<std::string> literal_;
  std::vector<std::string> compare_within_;
  Enforce enforce_ = Enforce::page;
  Compatible compatible_;
  std::vector<Acknowledged> acknowledged_;
  Duration stale_after_{}, convergence_{};

  bool begun_ = false, first_ = false, ever_state_ = false, shown_ = false, unsupported_ = false;
  Mono judged_at_{};
  std::map<std::string, Compared> groups_;
  Answers answers_;
  std::vector<std::size_t> ungrouped_;  // rows of members whose group is not known yet
  std::unordered_map<std::string, FirstRead> first_reads_;  // by the identity's group
  StateWord source_;                                        // what the declared source said last
  std::optional<Mono> source_lost_;
  std::deque<Declaration> told_before_;           // the newest last
  std::map<std::string, Declaration> last_word_;  // by source
  std::deque<Told> told_;  // not opened yet: one for later of each source, and what is new
  std::vector<Declaration> opened_;  // not taken yet
  std::optional<Order> standing_;    // the last one opened
  Following following_;
  ChangeCounts counts_;
  DimensionView tallies_;
  std::vector<StateRef> live_;  // of serving nodes without lag; for `compatible`
  std::unordered_set<const State*> counted_live_;
  std::optional<RememberedDimension> restored_;  // until the first judge()
  std::optional<Restoring> restoring_;
};

}  // namespace mse
