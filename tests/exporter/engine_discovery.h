// An engine whose inventory moves: a real, watched file or primaries that name replicas, and fake
// nodes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/engine.h"
#include "exporter/log.h"
#include "tests/support/event_loop.h"
#include "tests/support/fake_collector.h"

namespace mse {

class EngineDiscovery : public testing::Test {
 protected:
  EngineDiscovery() {
    start_log(LogLevel::error, LogFormat::logfmt);
    std::filesystem::create_directories(folder);
  }
  ~EngineDiscovery() override {
    engine.reset();
    std::filesystem::remove_all(folder);
    start_log(LogLevel::info, LogFormat::logfmt);
  }

  FakeNode& node(const std::string& name, const std::string& state = "1") {
    auto& there = (*nodes)[name];
    if (!there) there = std::make_shared<FakeNode>();
    State read;
    read.key.fingerprint = std::hash<std::string>{}(state) | 1U;
    read.text = state;
    there->report.dimensions["fake"] = Reading{read, false, std::nullopt};
    return *there;
  }

  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder / "next", std::ios::binary) << bytes;
    std::filesystem::rename(folder / "next", folder / name);
  }
  // The file names these nodes, which all exist.
  void list(const std::vector<std::string>& names) {
    std::string targets;
    for (const auto& name : names) {
      node(name);
      targets += (targets.empty() ? "\"" : ",\"") + name + "\"";
    }
    write("targets.json", "[{\"targets\":[" + targets + "]}]");
  }

  Config config(const std::vector<std::string>& fixed = {},
                const std::string& file = "targets.json") {
    ServiceConfig service;
    service.settings.name = "s";
    service.settings.discover.emplace();
    service.settings.discover->source = FileDiscovery{{(folder / file).string()}};
    CollectEntry entry{"fake", {}, std::make_shared<FakeCollector>(nodes, false)};
    for (const auto& name : fixed) {
      node(name);
      service.settings.nodes.push_back({name, name, {}, true});
      entry.by_node[name] = entry.discovered;
    }
    service.collect.push_back(entry);
    Config made;
    made.cadences.poll_interval = std::chrono::milliseconds(20);
    made.cadences.poll_timeout = std::chrono::milliseconds(15);
    made.services.push_back(service);
    return made;
  }

  void start(const Config& made) {
    engine.emplace(io.get_executor(), made, [this](std::shared_ptr<const Snapshot> snapshot) {
      last = std::move(snapshot);
    });
  }

  bool until(const std::function<bool()>& done) { return run_until(io, done); }
  std::vector<std::string> shown() const {
    std::vector<std::string> names;
    if (!last || last->services.empty()) return names;
    for (const auto& view : last->services.front().nodes) names.push_back(view.name);
    return names;
  }
  bool until_shown(const std::vector<std::string>& names) {
    return until([&] { return shown() == names; });
  }
  const ServiceView& only() const { return last->services.front(); }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("engine_discovery." + std::to_string(::getpid()));
  std::shared_ptr<FakeNodes> nodes = std::make_shared<FakeNodes>();
  std::shared_ptr<const Snapshot> last;
  asio::io_context io;
  std::optional<Engine> engine;
};

}  // namespace mse
