// The rules of what was announced: repetition, ends, and what is told on.
#include "exporter/announcements.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "exporter/change.h"
#include "exporter/nearest.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::size_t kMost = 1000;

// Longer than the steps of a canary that an event may be late by.
constexpr auto kEcho = std::chrono::minutes(5);

// A change that was closed as it began still has a deadline after its start.
constexpr auto kShortest = std::chrono::seconds(1);

bool is_meant(const Scope& scope, const ServiceFacts& service) {
  if (!scope.service.empty()) return scope.service == service.name;
  return (scope.owner.empty() || scope.owner == service.owner) &&
         (scope.tier.empty() || scope.tier == service.tier);
}

std::string dimension_of(const Announcement& said) {
  if (const auto* change = std::get_if<AnnouncedChange>(&said.what)) return change->dimension;
  if (const auto* allowed = std::get_if<Acknowledgement>(&said.what)) return allowed->dimension;
  return "";
}

Refused nobody_meant(const Scope& scope, const std::vector<ServiceFacts>& all) {
  if (scope.service.empty()) return {404, "selector: no service has " + scope.text()};
  Words names;
  for (const auto& service : all) names.insert(service.name);
  return {404, "service: there is no \"" + scope.service + "\"; " + hint(scope.service, names)};
}

Refused not_compared(const Scope& scope, const std::string& dimension,
                     const std::vector<const ServiceFacts*>& meant) {
  Words known;
  for (const auto* service : meant)
    known.insert(service->dimensions.begin(), service->dimensions.end());
  return {400, "dimension: \"" + dimension + "\" is not compared in " + scope.text() + "; " +
                   hint(dimension, known)};
}

// When it ended, or will.
Wall end_of(const Announced& entry) {
  const auto& what = entry.said.what;
  if (const auto* allowed = std::get_if<Acknowledgement>(&what))
    return entry.closed.value_or(allowed->until);
  if (const auto* hold = std::get_if<ManualHold>(&what)) return entry.closed.value_or(hold->until);
  const auto& told = std::get<AnnouncedChange>(what).declaration;
  const bool over = std::all_of(entry.services.begin(), entry.services.end(),
                                [](const auto& service) { return service.second.ended; });
  Wall last = told.started + kExpiry * (told.deadline - told.started);
  if (!over) return last;
  last = Wall{};
  for (const auto& [name, standing] : entry.services) last = std::max(last, *standing.ended);
  return last;
}

bool holds(const Announced& entry, const std::string& service, Wall now) {
  return entry.services.contains(service) && end_of(entry) > now;
}

// Whether its id may mean something new. A change that ended without being closed may still be
// declared by a late retry.
bool is_over(const Announced& entry, Wall now) {
  const bool change = entry.said.kind() == AnnouncementKind::change;
  return end_of(entry) <= now && (!change || entry.closed);
}

bool older(const Announced* one, const Announced* other) {
  return std::tie(one->at, one->said.id) < std::tie(other->at, other->said.id);
}

Declaration told(const Announced& entry, const std::string& service) {
  Declaration out = std::get<AnnouncedChange>(entry.said.what).declaration;
  if (entry.abandoned) {
    out.from = std::exchange(out.state, entry.services.at(service).back_to);
    out.started = *entry.closed;
    out.deadline = Wall{};
    out.nodes.clear();
  } else if (entry.closed) {
    out.deadline = std::min(out.deadline, std::max<Wall>(*entry.closed, out.started + kShortest));
  }
  return out;
}

}  // namespace

Accepted<std::vector<std::string>> services_of(const Announcement& said,
                                               const std::vector<ServiceFacts>& all) {
  std::vector<const ServiceFacts*> meant;
  for (const auto& service : all)
    if (is_meant(said.scope, service)) meant.push_back(&service);
  if (meant.empty()) return tl::unexpected(nobody_meant(said.scope, all));
  const auto dimension = dimension_of(said);
  std::vector<std::string> out;
  for (const auto* service : meant)
    if (dimension.empty() || service->dimensions.contains(dimension)) out.push_back(service->name);
  if (out.empty()) return tl::unexpected(not_compared(said.scope, dimension, meant));
  return out;
}

bool is_echo(const Announcement& said, const std::vector<Announced>& all, Wall now) {
  return std::any_of(all.begin(), all.end(), [&](const Announced& entry) {
    return entry.said.id == said.id && entry.said.content == said.content && entry.abandoned &&
           entry.closed && now - *entry.closed <= kEcho;
  });
}

Accepted<const Announced*> Announcements::accept(const Announcement& said, const std::string& by,
                                                 const std::vector<std::string>& services,
                                                 Wall now) {
  const auto known = entries_.find(said.id);
  if (known != entries_.end() && !is_over(known->second, now)) {
    if (known->second.said.content != said.content)
      return tl::unexpected(Refused{
          409, "deploy_id: this deploy was declared otherwise before, at " +
                   format_timestamp(known->second.at) + "; a new deploy needs an id of its own"});
    return &known->second;
  }
  if (known == entries_.end() && entries_.size() >= kMost) {
    return tl::unexpected(Refused{
        429, "There are " + std::to_string(kMost) + " announcements already; release some first."});
  }
  all_.reset();
  Announced entry{said, by, said.said_at, {}, false, {}};
  for (const auto& service : services) entry.services[service];
  return &(entries_[said.id] = std::move(entry));
}

const Announced* Announcements::find(AnnouncementKind kind, const std::string& id) const {
  const auto found = entries_.find(id);
  const bool is = found != entries_.end() && found->second.said.kind() == kind;
  return is ? &found->second : nullptr;
}

bool Announcements::replaced(const Announced& announced, const std::string& service) const {
  const auto dimension = dimension_of(announced.said);
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& other) {
    const Announced& entry = other.second;
    return entry.said.kind() == AnnouncementKind::change && entry.services.contains(service) &&
           dimension_of(entry.said) == dimension && older(&announced, &entry);
  });
}

// Going back from what another change has replaced would undo that one.
Accepted<std::map<std::string, Standing>> Announcements::turned_back(
    const Announced& entry, const std::map<std::string, std::string>& back_to, Wall now) const {
  auto services = entry.services;
  for (auto& [service, standing] : services) {
    if (standing.outcome == Outcome::superseded || replaced(entry, service)) {
      if (!standing.ended) standing = {standing.back_to, Outcome::superseded, now};
      continue;
    }
    const auto told = back_to.find(service);
    if (told != back_to.end() && !told->second.empty()) standing.back_to = told->second;
    if (standing.back_to.empty() && standing.ended) continue;  // every node was there already
    if (standing.back_to.empty())
      return tl::unexpected(
          Refused{409, "closed: where " + service +
                           " came from is not known; declare the state that it is to go back to"});
    standing.outcome = standing.outcome.value_or(Outcome::superseded);
    standing.ended.reset();
  }
  return services;
}

Accepted<const Announced*> Announcements::end(const Ending& ending,
                                              const std::map<std::string, std::string>& back_to,
                                              Wall now) {
  if (find(AnnouncementKind::change, ending.id) == nullptr)
    return tl::unexpected(Refused{404, "deploy_id: no such change was declared here"});
  Announced& entry = entries_.at(ending.id);
  if (entry.closed && entry.abandoned != ending.abandoned)
    return tl::unexpected(Refused{409, std::string("closed: the change was closed before as ") +
                                           (entry.abandoned ? "abandoned" : "finished")});
  if (entry.closed) return &entry;
  if (ending.abandoned) {
    auto back = turned_back(entry, back_to, now);
    if (!back) return tl::unexpected(back.error());
    entry.services = std::move(*back);
  }
  all_.reset();
  entry.closed = now;
  entry.abandoned = ending.abandoned;
  return &entry;
}

Accepted<const Announced*> Announcements::release(const Release& release, Wall now) {
  if (find(release.kind, release.id) == nullptr)
    return tl::unexpected(
        Refused{404, "There is no " + std::string(name(release.kind)) + " of this id."});
  Announced& entry = entries_.at(release.id);
  if (end_of(entry) <= now) return &entry;
  all_.reset();
  entry.closed = now;
  return &entry;
}

std::vector<std::pair<std::string, Declaration>> Announcements::declarations(
    const std::string& service) const {
  std::vector<const Announced*> open;
  for (const auto& [id, entry] : entries_) {
    const auto standing = entry.services.find(service);
    const bool change = entry.said.kind() == AnnouncementKind::change;
    if (change && standing != entry.services.end() && !standing->second.ended)
      open.push_back(&entry);
  }
  std::sort(open.begin(), open.end(), older);
  std::vector<std::pair<std::string, Declaration>> out;
  out.reserve(open.size());
  for (const auto* entry : open) out.emplace_back(dimension_of(entry->said), told(*entry, service));
  return out;
}

std::vector<Acknowledgement> Announcements::acknowledgements(const std::string& service,
                                                             Wall now) const {
  std::vector<Acknowledgement> out;
  for (const auto& [id, entry] : entries_) {
    const auto* allowed = std::get_if<Acknowledgement>(&entry.said.what);
    if (allowed == nullptr || !holds(entry, service, now)) continue;
    out.push_back(*allowed);
    out.back().service = service;
  }
  return out;
}

std::optional<ManualHold> Announcements::hold(const std::string& service, Wall now) const {
  std::optional<ManualHold> last;
  for (const auto& [id, entry] : entries_) {
    const auto* hold = std::get_if<ManualHold>(&entry.said.what);
    if (hold == nullptr || !holds(entry, service, now)) continue;
    if (!last || hold->until > last->until) last = *hold;
  }
  return last;
}

// A change that the rules do not know was not needed, as every node was there, or another took its
// place before it was looked at.
std::optional<Outcome> Announcements::outcome_unseen(const Announced& announced,
                                                     const std::string& service, Wall now) const {
  const auto& change = std::get<AnnouncedChange>(announced.said.what);
  if (change.declaration.started > now) return std::nullopt;
  if (replaced(announced, service)) return Outcome::superseded;
  return end_of(announced) <= now ? Outcome::expired : Outcome::converged;
}

void Announcements::settle(const ServiceView& view, const Seen& seen, Wall now) {
  for (auto& [id, entry] : entries_) {
    const auto standing = entry.services.find(view.name);
    const auto* change = std::get_if<AnnouncedChange>(&entry.said.what);
    if (change == nullptr || standing == entry.services.end() || standing->second.ended ||
        !view.dimensions.contains(change->dimension))
      continue;
    auto& outcome = standing->second.outcome;
    if (!entry.abandoned) {
      const auto found = seen(change->dimension, change->declaration.deploy_id);
      if (found && std::exchange(standing->second.back_to, found->from) != found->from)
        all_.reset();
      outcome = found ? found->outcome : outcome_unseen(entry, view.name, now);
    }
    if (!outcome) continue;
    all_.reset();
    standing->second.ended = now;
  }
}

void Announcements::forget(Wall now) {
  const auto erased = std::erase_if(
      entries_, [now](const auto& entry) { return now - end_of(entry.second) > kChangeKept; });
  if (erased > 0) all_.reset();
}

std::shared_ptr<const std::vector<Announced>> Announcements::all() {
  if (all_) return all_;
  std::vector<const Announced*> sorted;
  sorted.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), older);
  std::vector<Announced> copies;
  copies.reserve(sorted.size());
  for (const auto* entry : sorted) copies.push_back(*entry);
  all_ = std::make_shared<const std::vector<Announced>>(std::move(copies));
  return all_;
}

std::map<std::string, RememberedAnnouncement> Announcements::remember(
    const std::string& service) const {
  std::map<std::string, RememberedAnnouncement> out;
  for (const auto& [id, entry] : entries_) {
    const auto found = entry.services.find(service);
    if (found == entry.services.end()) continue;
    const auto& [back_to, outcome, ended] = found->second;
    out[id] = {static_cast<std::uint32_t>(entry.said.kind()),
               entry.said.content,
               entry.by,
               entry.at,
               entry.closed,
               entry.abandoned,
               back_to,
               outcome,
               ended};
  }
  return out;
}

void Announcements::restore(const std::string& service,
                            const std::map<std::string, RememberedAnnouncement>& remembered) {
  for (const auto& [id, kept] : remembered) {
    if (kept.kind >= kAnnouncementKinds.size()) continue;
    auto word = parse_word(kAnnouncementKinds.at(kept.kind), kept.content, kept.at);
    auto* said = word ? std::get_if<Announcement>(&*word) : nullptr;
    if (said == nullptr || said->id != id) continue;
    Announced& entry = entries_[id];
    const auto services = std::move(entry.services);
    entry = {std::move(*said), kept.by, kept.at, kept.closed, kept.abandoned, services};
    entry.services[service] = {kept.back_to, kept.outcome, kept.ended};
  }
  all_.reset();
}

}  // namespace mse
