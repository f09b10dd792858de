// One service's memory: what it is told, and how an evaluation goes.
#include "exporter/evaluator.h"

#include <algorithm>
#include <utility>

#include "exporter/evaluator_memory.h"
#include "exporter/service_view.h"

namespace mse {
namespace {

// The dimensions that follow a declaration in `dimension`.
std::vector<std::string> followers(const std::string& dimension, const Declaration& declaration) {
  std::vector<std::string> names = declaration.dimensions;
  if (names.empty() && dimension == "schema_version") names = {"schema"};
  std::erase(names, dimension);
  return names;
}

// Nothing compared says nothing: not that all is well, and not that something is missing.
void expose_as_unknown(ServiceView& view) {
  for (NodeView& node : view.nodes) node.exposure = Status::unknown;
}

}  // namespace

Evaluator::Evaluator(ServiceSettings settings, Cadences cadences)
    : memory_(std::make_unique<Memory>()) {
  memory_->configure(std::move(settings), cadences);
}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

void Evaluator::Memory::configure(ServiceSettings next, Cadences next_cadences) {
  settings = std::move(next);
  cadences = next_cadences;
  exposure.configure(cadences);
  measures.configure(cadences);
  exposure.undecide();
  if (!settings.nodes.empty() && !settings.discover) inventory.replace(settings.nodes);
  sync();
  compare();
}

void Evaluator::reconfigure(ServiceSettings settings, Cadences cadences) {
  memory_->configure(std::move(settings), cadences);
}

void Evaluator::inventory(const std::vector<NodeSettings>& nodes, Now now) {
  memory_->inventory.read(nodes, now.mono);
  memory_->clock = now.mono;
  memory_->sync();
}

std::vector<NodeSettings> Evaluator::members() const {
  std::vector<NodeSettings> out;
  for (const Inventory::Member& member : memory_->inventory.members()) {
    out.push_back(member.settings);
    out.back().serving = out.back().serving && !member.grace_until;
  }
  return out;
}

std::uint64_t Evaluator::members_version() const {
  return memory_->members_version;
}

// Makes the nodes those of the inventory; what is known of the others is forgotten.
void Evaluator::Memory::sync() {
  std::set<std::string> fixed;
  for (const NodeSettings& node : settings.nodes) fixed.insert(node.name);
  std::unordered_map<std::string, std::unique_ptr<Member>> kept;
  all.clear();
  members.clear();
  for (const Inventory::Member& entry : inventory.members()) {
    std::unique_ptr<Member>& member = nodes[entry.settings.name];
    if (!member) member = join(entry.settings.name);
    update(*member, entry, fixed);
    all.push_back(member.get());
    if (!member->in_grace) members.push_back(member.get());
    kept[entry.settings.name] = std::move(member);
  }
  for (const auto& [name, gone] : nodes) {
    if (gone) free_places.push_back(gone->place);
  }
  nodes = std::move(kept);
  groups_stale = true;
  ++members_version;
  std::set<std::uint64_t> serials;
  for (const Member* member : all) serials.insert(member->serial);
  measures.keep(serials);
}

std::unique_ptr<Member> Evaluator::Memory::join(const std::string& name) {
  auto member = std::make_unique<Member>();
  const auto before = joined.find(name);
  member->joined = before == joined.end() ? clock : before->second;
  member->serial = ++last_serial;
  if (free_places.empty()) free_places.push_back(places++);
  member->place = free_places.back();
  free_places.pop_back();
  return member;
}

void Evaluator::Memory::update(Member& member, const Inventory::Member& entry,
                               const std::set<std::string>& fixed) {
  member.settings = entry.settings;
  member.in_grace = entry.grace_until.has_value();
  member.ephemeral = !fixed.contains(entry.settings.name);
}

Member* Evaluator::Memory::find(const std::string& node) {
  const auto found = nodes.find(node);
  return found == nodes.end() ? nullptr : found->second.get();
}

void Evaluator::expect(const std::string& collector, const std::vector<std::string>& dimensions,
                       const std::vector<std::string>& deep) {
  memory_->expected[collector] = {dimensions, {deep.begin(), deep.end()}};
  memory_->compare();
}

void Evaluator::expect_only(const std::set<std::string>& collectors) {
  const auto gone = [&](const auto& entry) { return !collectors.contains(entry.first); };
  std::erase_if(memory_->expected, gone);
  for (Member* member : memory_->all) std::erase_if(member->collectors, gone);
  memory_->compare();
}

Dimension& Evaluator::Memory::dimension(const std::string& name) {
  std::unique_ptr<Dimension>& known = dimensions[name];
  if (!known) {
    known = std::make_unique<Dimension>(name);
    known->configure(settings);
  }
  return *known;
}

// Compared is what is expected and not off.
void Evaluator::Memory::compare() {
  for (const auto& [name, known] : dimensions) known->configure(settings);
  compared.clear();
  for (const auto& [collector, what] : expected) {
    for (const std::string& name : what.dimensions) {
      if (settings.off.contains(name)) continue;
      compared[name] = &dimension(name);
      compared[name]->poll_every(what.deep.contains(name) ? cadences.deep_interval
                                                          : cadences.poll_interval);
    }
  }
}

void Evaluator::report(const std::string& node, const std::string& collector, Report report,
                       Now now) {
  Member* member = memory_->find(node);
  if (member == nullptr) return;
  member->answered = true;
  CollectorSide& side = member->collectors[collector];
  side.up = true;
  if (report.migrations) side.migrations = std::move(report.migrations);
  if (report.pending_restart) member->pending_restart = report.pending_restart;
  if (report.downstreams) side.downstreams = std::move(report.downstreams);
  if (report.identity) memory_->identify(*member, collector, *report.identity);
  memory_->count(*member, collector, report, now.mono);
  for (auto& [name, reading] : report.dimensions) {
    const auto dimension = memory_->compared.find(name);
    if (dimension == memory_->compared.end()) continue;
    if (reading.probe) memory_->measures.probed(member->serial, collector, name);
    const auto at = reading.position;
    if (!dimension->second->read(*member, std::move(reading), now)) continue;
    const bool primary = member->role() == Role::primary;
    memory_->moved.push_back({node, primary ? at : std::nullopt});
  }
}

void Evaluator::Memory::identify(Member& member, const std::string& collector,
                                 const Identity& identity) {
  const std::optional<Identity> before = std::exchange(member.identity, identity);
  const bool same = member.identified && before && before->role == identity.role &&
                    before->group == identity.group && before->server == identity.server &&
                    before->former_group == identity.former_group;
  member.identified_by = collector;
  member.identified = true;
  groups_stale = groups_stale || !same;
}

void Evaluator::lost(const std::string& node, const std::string& collector, Reason reason,
                     Now now) {
  Member* member = memory_->find(node);
  if (member == nullptr) return;
  member->collectors[collector] = {};
  memory_->measures.lost(member->serial, collector);
  if (member->identified_by == collector && member->identified) {
    member->identified = false;
    memory_->groups_stale = true;
  }
  const auto expected = memory_->expected.find(collector);
  if (expected == memory_->expected.end()) return;
  for (const std::string& name : expected->second.dimensions) {
    const auto dimension = memory_->compared.find(name);
    if (dimension != memory_->compared.end()) dimension->second->missed(*member, reason, now);
  }
}

const ReplicationGroups& Evaluator::Memory::groups() {
  if (std::exchange(groups_stale, false)) replication.find(all);
  return replication;
}

void Evaluator::positions(const std::map<std::string, PositionReading>& round, Now now) {
  std::vector<Member*> answered;
  for (const auto& [node, reading] : round) {
    Member* member = memory_->find(node);
    if (member == nullptr) continue;
    member->position = reading;
    answered.push_back(member);
    const auto& wanted = member->reread_from;
    const bool replayed = wanted && wanted->history == reading.position.history &&
                          reading.position.bytes >= wanted->bytes;
    const bool promoted = member->identified && member->role() != reading.identity.role;
    if (replayed || promoted) memory_->reread.insert(node);
    if (replayed) member->reread_from.reset();
  }
  memory_->lag.round(answered, memory_->groups(), memory_->settings.objectives.replica_lag,
                     now.mono);
}

// The nodes that `moved` replicates with: a primary's replicas, now and when they have replayed
// what it did; a replica's primary.
void Evaluator::Memory::hurry(const Moved& event) {
  const Member* mover = find(event.node);
  if (mover == nullptr || mover->replication_group < 0) return;
  const bool primary = mover->role() == Role::primary;
  for (Member* other : all) {
    if (other == mover || other->replication_group != mover->replication_group) continue;
    if (primary == (other->role() == Role::primary)) continue;
    reread.insert(other->settings.name);
    if (event.primary_at) other->reread_from = event.primary_at;
  }
}

std::vector<std::string> Evaluator::reread() {
  const std::vector<Moved> events = std::exchange(memory_->moved, {});
  if (!events.empty()) memory_->groups();
  for (const Moved& event : events) memory_->hurry(event);
  const std::set<std::string> names = std::exchange(memory_->reread, {});
  return {names.begin(), names.end()};
}

void Evaluator::declared(const std::string& dimension, const DeclaredValue& value, Now now) {
  memory_->dimension(dimension).declared(value, now);
}

void Evaluator::declare(const std::string& dimension, const Declaration& declaration, Now now,
                        const std::string& source) {
  if (!memory_->dimension(dimension).declare(declaration, source, now)) return;
  for (const std::string& name : followers(dimension, declaration)) memory_->dimension(name);
}

void Evaluator::allow(std::vector<Acknowledgement> all) {
  memory_->settings.allow = std::move(all);
  memory_->compare();
}

std::optional<ChangeView> Evaluator::change(const std::string& dimension,
                                            const std::string& deploy_id, Now now) const {
  const auto found = memory_->dimensions.find(dimension);
  if (found == memory_->dimensions.end()) return std::nullopt;
  return found->second->change(deploy_id, now);
}

void Evaluator::maintenance(const std::optional<OpenMaintenance>& open) {
  memory_->maintenance = open;
}

// Whether the service has had its first complete round: of all its dimensions, or where nothing is
// compared, of all its nodes.
bool Evaluator::Memory::ready() {
  begun = begun || (compared.empty() ? all_polled() : all_complete());
  return begun;
}

bool Evaluator::Memory::all_complete() const {
  return std::all_of(compared.begin(), compared.end(),
                     [this](const auto& entry) { return entry.second->complete(members); });
}

bool Evaluator::Memory::all_polled() const {
  return !members.empty() && std::all_of(members.begin(), members.end(), [](const Member* member) {
    return !member->collectors.empty();
  });
}

std::vector<Dimension*> Evaluator::Memory::active() {
  std::vector<Dimension*> out;
  for (const auto& [name, dimension] : compared) {
    if (dimension->begun() || dimension->complete(members)) out.push_back(dimension);
  }
  return out;
}

std::optional<ServiceView> Evaluator::evaluate(Now now) {
  Memory& memory = *memory_;
  memory.clock = now.mono;
  memory.inventory.expire(now.mono);
  if (memory.inventory.members().size() != memory.all.size()) memory.sync();
  if (!memory.ready()) return std::nullopt;
  const World world{now,
                    memory.members,
                    memory.places,
                    memory.groups(),
                    memory.cadences,
                    memory.settings.objectives,
                    memory.inventory.any_in_grace(),
                    memory.maintenance,
                    memory.reread};
  const std::vector<Dimension*> active = memory.active();
  memory.open_changes(world, active);
  memory.restored.reset();
  memory.joined.clear();
  memory.clocks.see(now);
  return memory.assemble(world, active);
}

void Evaluator::Memory::open_changes(const World& world, const std::vector<Dimension*>& active) {
  for (Dimension* dimension : active) dimension->count(world);
  for (Dimension* dimension : active) dimension->open_declared(world);
  for (Dimension* leader : active) {
    for (const Declaration& opened : leader->take_opened()) {
      for (const std::string& name : followers(leader->name(), opened))
        dimension(name).follow(leader->name(), opened);
    }
  }
  for (Dimension* dimension : active) dimension->progress(world);
  for (Dimension* dimension : active) {
    const auto leader = compared.find(dimension->leader());
    if (leader != compared.end()) dimension->open_following(*leader->second, world);
  }
}

ServiceView Evaluator::Memory::assemble(const World& world, const std::vector<Dimension*>& active) {
  ServiceView view;
  view.name = settings.name;
  view.owner = settings.owner;
  view.tier = settings.tier;
  view.objectives = settings.objectives;
  view.nodes.reserve(members.size());
  for (const Member* member : members) {
    view.nodes.push_back(node_view(*member, world.now.mono, cadences.position_interval));
    view.nodes.back().dimensions.reserve(active.size());
  }
  for (Dimension* dimension : active) {
    dimension->judge(world, view.nodes);
    if (dimension->shown()) view.dimensions.emplace(dimension->name(), dimension->view(world));
  }
  for (const auto& [name, dimension] : compared) {
    if (!dimension->begun()) view.first_rounds.push_back(name);
  }
  if (!compares(view)) expose_as_unknown(view);
  settle_exposure(view, world.now.mono);
  view.deploy = deploy_of(view.dimensions);
  view.lag_within = lag.within();
  view.lag_outside = lag.outside();
  view.maintenance_active = maintenance.has_value();
  if (maintenance) view.maintenance_end = maintenance->end;
  view.tolerated_unknown = tolerated_unknown(settings.tolerate_unknown, members.size());
  add_migrations(view, members);
  view.pending_restart = pending_restart(members);
  return view;
}

}  // namespace mse
