// Polls told to the evaluators, evaluations on time, and the collectors' own standing.
#include "exporter/engine.h"

#include <algorithm>

#include "exporter/declared_sources.h"
#include "exporter/engine_service.h"
#include "exporter/log.h"
#include "exporter/maintenance.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr Duration kLeastGap = std::chrono::seconds(1);
constexpr Duration kMostGap = std::chrono::seconds(5);

// However quick the polls, a snapshot is believed for this long (semantics 9).
constexpr Duration kFreshAtLeast = std::chrono::seconds(60);

// The names of a service's `collect` entries: the kind, numbered from the second of a kind on.
std::vector<std::string> entry_names(const std::vector<CollectEntry>& entries) {
  std::vector<std::string> names;
  std::map<std::string, int> seen;
  for (const auto& entry : entries) {
    const int count = ++seen[entry.kind];
    names.push_back(count == 1 ? entry.kind : entry.kind + "-" + std::to_string(count));
  }
  return names;
}

// A collector's counters go on when it stays.
CollectorView standing(const std::string& name, const std::vector<CollectorView>& before) {
  const auto same = [&](const auto& view) { return view.kind == name; };
  const auto found = std::find_if(before.begin(), before.end(), same);
  CollectorView view = found == before.end() ? CollectorView{} : *found;
  view.kind = name;
  return view;
}

// The nodes it has now, by name; what is known of those that stay goes on.
void set_nodes(CollectorView& view, const std::vector<NodeSettings>& nodes) {
  std::map<std::string, CollectorView::Node> known;
  for (auto& node : view.nodes) known.emplace(node.name, node);
  std::map<std::string, CollectorView::Node> wanted;
  for (const auto& [name, address, labels, serving] : nodes) {
    const auto kept = known.find(name);
    wanted[name] = kept == known.end() ? CollectorView::Node{name, false, {}, 0, {}} : kept->second;
  }
  view.nodes.clear();
  for (auto& [name, node] : wanted) view.nodes.push_back(std::move(node));
}

CollectorView::Node* find_node(CollectorView& view, const std::string& name) {
  const auto found = std::lower_bound(view.nodes.begin(), view.nodes.end(), name,
                                      [](const CollectorView::Node& node,
                                         const std::string& wanted) { return node.name < wanted; });
  return found == view.nodes.end() || found->name != name ? nullptr : &*found;
}

// What a poll's end says of the collector on that node.
void note(CollectorView& collector, const std::string& node, const Polled<Report>& result,
          Duration took, Wall now) {
  collector.duration.observe(std::chrono::duration<double>(took).count());
  if (!result) ++collector.errors[result.error().reason];
  auto* polled = find_node(collector, node);
  if (polled == nullptr) return;
  ++polled->polls;
  polled->up = result.has_value();
  if (result) {
    polled->last_success = now;
  } else {
    polled->failed = {now, result.error().reason, repaired(result.error().text)};
  }
}

void tell_missing(ServiceView& view, int wanted, Mono now) {
  if (wanted <= 0) return;
  view.missing_nodes = std::max(0, wanted - static_cast<int>(view.nodes.size()));
  if (*view.missing_nodes == 0) return;
  log_limited("min_nodes/" + view.name, now, LogLevel::warn, "fewer nodes than min_nodes",
              {{"service", view.name}, {"nodes", std::to_string(view.nodes.size())}});
}

}  // namespace

Engine::Engine(const asio::any_io_executor& executor, const Config& config, Publish publish,
               Fetch fetch, Past past)
    : publish_(std::move(publish)),
      past_(std::move(past)),
      timer_(executor),
      poller_(executor, *this),
      discovery_(executor,
                 [this](const auto& service, const auto& nodes) { found(service, nodes); }),
      urls_(poller_.environment(), fetch,
            [this](const DeclaredUrls::Place& place, const Polled<std::string>& text) {
              fetched(place, text);
            }) {
  for (const auto& [service, remembered] : past_.before)
    announcements_.restore(service, remembered.announced);
  reload(config);
}

Engine::~Engine() = default;

void Engine::reload(const Config& config) {
  const Now instant = this_instant();
  cadences_ = config.cadences;
  maintenance_ = config.maintenance;
  order_.clear();
  std::vector<ServiceSettings> all;
  for (const auto& service : config.services) {
    auto settings = service.settings;
    settings.allow = allowed(settings, instant.wall);
    order_.push_back(settings.name);
    all.push_back(settings);
    auto known = services_.find(settings.name);
    if (known == services_.end()) {
      Service made{Evaluator(settings, cadences_), {}, {}, {}, {}, 0};
      known = services_.emplace(settings.name, std::move(made)).first;
      restore(known->second.evaluator, settings.name, instant);
      tell_announced(known->second.evaluator, service.settings, instant);
    } else {
      known->second.evaluator.reconfigure(settings, cadences_);
    }
    configure(known->second, service, instant);
  }
  std::erase_if(services_, [this](const auto& entry) {
    return std::find(order_.begin(), order_.end(), entry.first) == order_.end();
  });
  follow_members();
  discovery_.look(all, cadences_);
  next_read_ = instant.mono;
  evaluate();
}

void Engine::restore(Evaluator& evaluator, const std::string& service, Now instant) {
  const auto before = past_.before.find(service);
  if (before == past_.before.end()) return;
  if (!evaluator.restore(before->second, instant))
    log(LogLevel::warn, "the clock has stepped back since the history was written",
        {{"service", service}});
  past_.before.erase(before);
}

void Engine::configure(Service& service, const ServiceConfig& config, Now instant) {
  service.settings = config.settings;
  service.entries = config.collect;
  if (!service.settings.discover) service.discovered.clear();
  service.evaluator.inventory(service.inventory(), instant);
  const auto names = entry_names(config.collect);
  service.evaluator.expect_only({names.begin(), names.end()});
  std::vector<CollectorView> collectors;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& any = *config.collect[i].all().front();
    service.evaluator.expect(names[i], any.dimensions(), any.deep_dimensions());
    collectors.push_back(standing(names[i], service.collectors));
    collectors.back().interval = cadences_.poll_interval;
  }
  service.collectors = std::move(collectors);
}

void Engine::follow_members() {
  std::vector<Target> targets;
  for (const auto& name : order_) {
    Service& service = services_.at(name);
    const auto members = service.evaluator.members();
    service.followed = service.evaluator.members_version();
    for (std::size_t i = 0; i < service.entries.size(); ++i) {
      set_nodes(service.collectors[i], members);
      add_targets(service, i, members, targets);
    }
  }
  poller_.poll(std::move(targets), cadences_);
}

void Engine::add_targets(Service& service, std::size_t entry,
                         const std::vector<NodeSettings>& members, std::vector<Target>& targets) {
  const std::string& kind = service.collectors[entry].kind;
  for (const auto& node : members) {
    auto collector = service.entries[entry].of({node.name, node.address});
    if (!collector) {
      unsuited(service, node.name, kind, collector.error().message);
    } else if (*collector) {
      targets.push_back(
          {service.settings.name, node.name, kind, node.address, *std::move(collector)});
    }
  }
}

void Engine::unsuited(Service& service, const std::string& node, const std::string& kind,
                      const std::string& error) {
  const Now instant = this_instant();
  log_limited(
      service.settings.name + "/" + node + "/" + kind, instant.mono, LogLevel::warn,
      "discovered node cannot be polled",
      {{"service", service.settings.name}, {"node", node}, {"collector", kind}, {"error", error}});
  service.evaluator.lost(node, kind, Reason::internal, instant);
}

void Engine::found(const std::string& name, const std::vector<NodeSettings>& nodes) {
  const auto known = services_.find(name);
  if (known == services_.end()) return;
  Service& service = known->second;
  service.discovered = nodes;
  service.evaluator.inventory(service.inventory(), this_instant());
  follow_members();
  changed();
}

void Engine::polled(const Target& target, Depth /*depth*/, Duration took, Polled<Report> result) {
  const auto found = services_.find(target.service);
  if (found == services_.end()) return;
  Service& service = found->second;
  const Now instant = this_instant();
  if (auto* collector = service.collector(target.kind))
    note(*collector, target.node, result, took, instant.wall);
  if (result) {
    discovery_.told(target.service, {target.node, target.address, {}, true}, target.kind,
                    result->peers);
    for (const auto& [reason, dimensions] : unread_dimensions(*result)) {
      unread(service, target, reason, dimensions, instant);
    }
    service.evaluator.report(target.node, target.kind, std::move(*result), instant);
    reread(target.service, service);
  } else {
    discovery_.lost(target.service, target.node);
    const auto reason = std::string(name(result.error().reason));
    log_limited(target.service + "/" + target.node + "/" + reason, instant.mono, LogLevel::warn,
                "poll failed",
                {{"service", target.service},
                 {"node", target.node},
                 {"collector", target.kind},
                 {"reason", reason},
                 {"error", result.error().text}});
    service.evaluator.lost(target.node, target.kind, result.error().reason, instant);
  }
  changed();
}

void Engine::unread(Service& service, const Target& target, Reason reason,
                    const std::string& dimensions, Now instant) {
  if (auto* collector = service.collector(target.kind)) ++collector->errors[reason];
  const auto text = std::string(name(reason));
  log_limited(target.service + "/" + target.node + "/" + text + "/" + dimensions, instant.mono,
              LogLevel::warn, "dimensions not read",
              {{"service", target.service},
               {"node", target.node},
               {"collector", target.kind},
               {"reason", text},
               {"dimensions", dimensions}});
}

void Engine::positions(const std::string& service,
                       const std::map<std::string, PositionReading>& round) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  found->second.evaluator.positions(round, this_instant());
  reread(service, found->second);
  changed();
}

void Engine::reread(const std::string& name, Service& service) {
  for (const auto& node : service.evaluator.reread()) poller_.hurry(name, node);
}

void Engine::fetched(const DeclaredUrls::Place& place, const Polled<std::string>& text) {
  const auto found = services_.find(place.service);
  if (found == services_.end()) return;
  tell_fetched(found->second.settings, place, text, found->second.evaluator, this_instant());
  changed();
}

void Engine::changed() {
  wake_at(last_evaluation_ + kLeastGap);
}

void Engine::wake_at(Mono at) {
  if (at >= next_evaluation_) return;
  next_evaluation_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const asio::error_code& cancelled) {
    if (!cancelled) evaluate();
  });
}

void Engine::evaluate() {
  const Now instant = this_instant();
  if (instant.mono >= next_read_) {
    next_read_ = instant.mono + cadences_.poll_interval;
    for (auto& [name, service] : services_) {
      tell_declared(service.settings, service.evaluator, instant);
      urls_.read(service.settings, instant.mono + cadences_.poll_timeout);
    }
  }
  Histories remembered;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->at = instant.mono;
  snapshot->wall = instant.wall;
  snapshot->stale_after = std::max<Duration>(3 * cadences_.poll_interval, kFreshAtLeast);
  snapshot->position_interval = cadences_.position_interval;
  for (const auto& name : order_) {
    Service& service = services_.at(name);
    service.evaluator.maintenance(open_maintenance(maintenance_, name, instant.wall));
    auto view = service.evaluator.evaluate(instant);
    if (view) settle(service, *view, instant);
    if (past_.keep) {
      auto& kept = remembered[name] = service.evaluator.remember(instant);
      kept.announced = announcements_.remember(name);
    }
    if (!view) {
      ++snapshot->incomplete;
      snapshot->waiting.push_back(name);
      continue;
    }
    view->hold = announcements_.hold(name, instant.wall);
    view->collectors = service.collectors;
    view->discovery_up = discovery_.up(name);
    tell_missing(*view, service.settings.min_nodes, instant.mono);
    snapshot->services.push_back(std::move(*view));
  }
  const bool moved = std::any_of(services_.begin(), services_.end(), [](const auto& entry) {
    return entry.second.followed != entry.second.evaluator.members_version();
  });
  if (moved) follow_members();
  last_evaluation_ = instant.mono;
  next_evaluation_ = Mono::max();
  wake_at(instant.mono + kMostGap);
  if (past_.announced) past_.announced(announcements_.all());
  if (past_.keep) past_.keep(std::move(remembered));
  publish_(std::move(snapshot));
}

}  // namespace mse
