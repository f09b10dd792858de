// What is announced over HTTP, told to the evaluators.
#include "exporter/engine_service.h"

namespace mse {

std::vector<Acknowledgement> Engine::allowed(const ServiceSettings& settings, Wall now) const {
  auto all = settings.allow;
  const auto more = announcements_.acknowledgements(settings.name, now);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Telling what was told before changes nothing.
void Engine::tell_announced(Evaluator& evaluator, const ServiceSettings& settings, Now instant) {
  evaluator.allow(allowed(settings, instant.wall));
  for (const auto& [dimension, declaration] : announcements_.declarations(settings.name))
    evaluator.declare(dimension, declaration, instant, "changes API");
}

void Engine::settle(const Service& service, const ServiceView& view, Now instant) {
  const auto seen = [&](const auto& dimension, const auto& deploy_id) {
    return service.evaluator.change(dimension, deploy_id, instant);
  };
  announcements_.settle(view, seen, instant.wall);
}

Accepted<Announced> Engine::announce(const Word& word, const std::string& by) {
  const Now instant = this_instant();
  announcements_.forget(instant.wall);
  Accepted<const Announced*> taken = nullptr;
  if (const auto* said = std::get_if<Announcement>(&word)) taken = accept(*said, by, instant.wall);
  if (const auto* ending = std::get_if<Ending>(&word)) taken = end(*ending, instant);
  if (const auto* released = std::get_if<Release>(&word))
    taken = announcements_.release(*released, instant.wall);
  if (!taken) return tl::unexpected(taken.error());
  Announced accepted = **taken;
  for (const auto& [name, standing] : accepted.services) {
    const auto found = services_.find(name);
    if (found != services_.end())
      tell_announced(found->second.evaluator, found->second.settings, instant);
  }
  evaluate();
  return accepted;
}

Accepted<const Announced*> Engine::accept(const Announcement& said, const std::string& by,
                                          Wall now) {
  std::vector<ServiceFacts> all;
  all.reserve(order_.size());
  for (const auto& name : order_) all.push_back(services_.at(name).facts());
  const auto services = services_of(said, all);
  if (!services) return tl::unexpected(services.error());
  return announcements_.accept(said, by, *services, now);
}

Accepted<const Announced*> Engine::end(const Ending& ending, Now instant) {
  std::map<std::string, std::string> back_to;
  const auto* known = announcements_.find(AnnouncementKind::change, ending.id);
  if (known != nullptr && ending.abandoned) {
    const auto& [dimension, told, link] = std::get<AnnouncedChange>(known->said.what);
    for (const auto& [name, standing] : known->services) {
      const auto found = services_.find(name);
      const auto seen = found == services_.end()
                            ? std::nullopt
                            : found->second.evaluator.change(dimension, told.deploy_id, instant);
      back_to[name] = told.from.empty() && seen ? seen->from : told.from;
    }
  }
  return announcements_.end(ending, back_to, instant.wall);
}

}  // namespace mse
