// A poller over fake nodes on a real loop, and all it told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/log.h"
#include "exporter/poller.h"
#include "tests/support/event_loop.h"
#include "tests/support/fake_collector.h"

namespace mse {

class PollerFixture : public testing::Test, public PollListener {
 protected:
  using What = Does::What;

  struct Told {
    std::string node;
    Depth depth;
    Duration took;
    std::optional<Reason> failed;
    Mono at;
  };

  PollerFixture() {
    start_log(LogLevel::error, LogFormat::logfmt);
    cadences.poll_interval = std::chrono::milliseconds(20);
    cadences.deep_interval = std::chrono::hours(1);
    cadences.position_interval = std::chrono::milliseconds(40);
    cadences.poll_timeout = std::chrono::seconds(15);
    limits.start_spread = std::chrono::milliseconds(5);
    limits.connects_per_second = 100'000;
    limits.backoff = {std::chrono::milliseconds(5), std::chrono::milliseconds(10)};
    limits.seed = 7;
  }
  ~PollerFixture() override { start_log(LogLevel::info, LogFormat::logfmt); }

  FakeNode& node(const std::string& name) {
    auto& there = (*nodes)[name];
    if (!there) there = std::make_shared<FakeNode>();
    return *there;
  }

  FakeNode& member(const std::string& name, Role role, const std::string& group) {
    auto& made = node(name);
    made.report.identity = Identity{role, group, name, "1"};
    made.position.identity = *made.report.identity;
    return made;
  }

  Target target(const std::string& name, bool positions = false, const std::string& key = "key",
                const std::string& by = "fake") const {
    return {"service", name, "fake", name,
            std::make_shared<FakeCollector>(nodes, positions, by, key)};
  }

  std::vector<Target> targets(bool positions = false) const {
    std::vector<Target> all;
    for (const auto& [name, made] : *nodes) all.push_back(target(name, positions));
    return all;
  }

  void start(std::vector<Target> all) {
    poller.emplace(io.get_executor(), *this, limits);
    poller->poll(std::move(all), cadences);
  }

  bool until(const std::function<bool()>& done) { return run_until(io, done); }

  std::vector<Told> told_of(const std::string& name) const {
    std::vector<Told> some;
    std::copy_if(told.begin(), told.end(), std::back_inserter(some),
                 [&](const Told& each) { return each.node == name; });
    return some;
  }
  std::size_t polls_of(const std::string& name) const { return told_of(name).size(); }

  void polled(const Target& of, Depth depth, Duration took, Polled<Report> result) override {
    const auto failed = result ? std::nullopt : std::optional(result.error().reason);
    told.push_back({of.node, depth, took, failed, std::chrono::steady_clock::now()});
    if (when_polled) when_polled(of);
  }
  void positions(const std::string& /*service*/,
                 const std::map<std::string, PositionReading>& round) override {
    rounds.push_back(round);
  }

  Cadences cadences;
  PollerLimits limits;
  std::shared_ptr<FakeNodes> nodes = std::make_shared<FakeNodes>();
  std::vector<Told> told;
  std::vector<std::map<std::string, PositionReading>> rounds;
  std::function<void(const Target&)> when_polled;
  asio::io_context io{1};
  std::optional<Poller> poller;
};

}  // namespace mse
