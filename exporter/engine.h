// The flow on the event loop: polls in, evaluations, snapshots out.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporter/announcements.h"
#include "exporter/declared_urls.h"
#include "exporter/discovery.h"
#include "exporter/evaluator.h"
#include "exporter/history_rows.h"
#include "exporter/load_config.h"
#include "exporter/poller.h"
#include "exporter/snapshot.h"

namespace mse {

// Owns the evaluators and the poller of one configuration, and tells both the time. Evaluates when
// something changed, at most once a second, and at least every 5 s. Loop thread only; destroying it
// ends every poll.
class Engine : private PollListener {
 public:
  using Publish = std::function<void(std::shared_ptr<const Snapshot>)>;

  // What an earlier run remembered, who keeps what this one does, and who is told of what is
  // announced before each snapshot; all may be empty.
  struct Past {
    Histories before;
    std::function<void(Histories)> keep;
    std::function<void(std::shared_ptr<const std::vector<Announced>>)> announced = nullptr;
  };

  // `fetch` gets what is declared at URLs.
  Engine(const asio::any_io_executor& executor, const Config& config, Publish publish, Fetch fetch,
         Past past);
  Engine(const asio::any_io_executor& executor, const Config& config, Publish publish,
         Fetch fetch = nullptr)
      : Engine(executor, config, std::move(publish), fetch, Past{}) {}
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Another configuration from now on. What both have keeps its history and its connections.
  void reload(const Config& config);

  // What `by` announces. When it is accepted it is in the snapshot that is published before this
  // returns, and in what is kept.
  Accepted<Announced> announce(const Word& word, const std::string& by);

  // What everybody uses to reach other machines.
  std::shared_ptr<Environment> environment() const { return poller_.environment(); }

  // Whether every discovery has been read or has failed at least once.
  bool looked() const { return discovery_.looked(); }

 private:
  struct Service;

  void polled(const Target& target, Depth depth, Duration took, Polled<Report> result) override;
  void positions(const std::string& service,
                 const std::map<std::string, PositionReading>& round) override;

  void configure(Service& service, const ServiceConfig& config, Now instant);
  void found(const std::string& name, const std::vector<NodeSettings>& nodes);
  void follow_members();  // polls whom the evaluators say
  void add_targets(Service& service, std::size_t entry, const std::vector<NodeSettings>& members,
                   std::vector<Target>& targets);
  // A discovered node that a collector's settings do not suit: unknown, and told in the log.
  void unsuited(Service& service, const std::string& node, const std::string& kind,
                const std::string& error);
  // A poll that succeeded but for some dimensions.
  void unread(Service& service, const Target& target, Reason reason, const std::string& dimensions,
              Now instant);
  Accepted<const Announced*> accept(const Announcement& said, const std::string& by, Wall now);
  Accepted<const Announced*> end(const Ending& ending, Now instant);
  void tell_announced(Evaluator& evaluator, const ServiceSettings& settings, Now instant);
  void settle(const Service& service, const ServiceView& view, Now instant);
  std::vector<Acknowledgement> allowed(const ServiceSettings& settings, Wall now) const;
  void fetched(const DeclaredUrls::Place& place, const Polled<std::string>& text);
  void changed();         // evaluate soon
  void wake_at(Mono at);  // evaluate then, unless sooner
  void evaluate();
  void restore(Evaluator& evaluator, const std::string& service, Now instant);
  void reread(const std::string& name, Service& service);

  Publish publish_;
  Past past_;
  Announcements announcements_;
  Cadences cadences_;
  std::vector<Maintenance> maintenance_;
  std::vector<std::string> order_;  // of the services, as configured
  std::map<std::string, Service> services_;
  Mono last_evaluation_{}, next_evaluation_{}, next_read_{};
  asio::steady_timer timer_;
  Poller poller_;  // these three last: they call back until they are gone
  Discovery discovery_;
  DeclaredUrls urls_;
};

}  // namespace mse
