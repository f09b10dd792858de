// Files of discovered nodes: each node has its own path.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "exporter/engine.h"
#include "exporter/load_config.h"
#include "exporter/log.h"
#include "tests/support/event_loop.h"

namespace mse {
namespace {

namespace fs = std::filesystem;

class FileDiscoveryTest : public testing::Test {
 protected:
  FileDiscoveryTest() {
    start_log(LogLevel::error, LogFormat::logfmt);
    fs::create_directories(folder_);
  }
  ~FileDiscoveryTest() override {
    engine_.reset();
    fs::remove_all(folder_);
    start_log(LogLevel::info, LogFormat::logfmt);
  }

  void write(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / "next", std::ios::binary) << bytes;
    fs::rename(folder_ / "next", folder_ / name);
  }
  // Nodes of these names, at addresses that count from 10.0.0.1.
  void list(const std::vector<std::string>& names) {
    std::string groups;
    for (std::size_t i = 0; i < names.size(); ++i)
      groups += std::string(i == 0 ? "" : ",") + "{\"targets\":[\"10.0.0." + std::to_string(i + 1) +
                "\"],\"labels\":{\"node\":\"" + names[i] + "\"}}";
    write("targets.json", "[" + groups + "]");
  }
  Result<Config> load(const std::string& path) {
    write("mixed_state.yml",
          "global: {poll_interval: 500ms, poll_timeout: 400ms, position_interval: 500ms}\n"
          "services:\n"
          "  - name: web\n"
          "    objectives: {replica_lag: 2s}\n"
          "    nodes: {discover: {file: targets.json}}\n"
          "    collect: [{file: {path: '" +
              path + "'}}]\n");
    return load_config((folder_ / "mixed_state.yml").string(), collector_kinds());
  }
  void start(const std::string& path) {
    const auto config = load(path);
    ASSERT_TRUE(config) << config.error().message;
    engine_.emplace(io_.get_executor(), *config, [this](std::shared_ptr<const Snapshot> snapshot) {
      last_ = std::move(snapshot);
    });
  }
  std::string status(const std::string& node) const {
    if (!last_ || last_->services.empty()) return "no service";
    for (const auto& view : last_->services.front().nodes) {
      if (view.name != node) continue;
      const auto found = view.dimensions.find("config");
      if (found == view.dimensions.end()) return "not read";
      const auto& config = found->second;
      return std::string(name(config.status)) +
             (config.reason ? " " + std::string(name(*config.reason)) : "");
    }
    return "no node";
  }
  testing::AssertionResult becomes(const std::string& node, const std::string& wanted) {
    if (run_until(io_, [&] { return status(node) == wanted; })) return testing::AssertionSuccess();
    return testing::AssertionFailure() << node << " is " << status(node);
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("file_discovery_test." + std::to_string(::getpid()));
  asio::io_context io_{1};
  std::shared_ptr<const Snapshot> last_;
  std::optional<Engine> engine_;
};

TEST_F(FileDiscoveryTest, EachNodeHasItsOwnFileByItsName) {
  for (const auto* node : {"web-1", "web-2", "web-4"})
    write("nodes/" + std::string(node) + ".yml", "a: 1");
  write("nodes/web-3.yml", "a: 2");
  list({"web-1", "web-2", "web-3"});
  start("nodes/{node}.yml");
  EXPECT_TRUE(becomes("web-1", "canonical"));
  EXPECT_TRUE(becomes("web-2", "canonical"));
  EXPECT_TRUE(becomes("web-3", "divergent"));
  list({"web-1", "web-2", "web-3", "web-4"});
  EXPECT_TRUE(becomes("web-4", "canonical"));
}

TEST_F(FileDiscoveryTest, EachNodeHasItsOwnFileByItsAddress) {
  write("nodes/10.0.0.1", "a: 1");
  write("nodes/10.0.0.2", "a: 1");
  write("nodes/10.0.0.3", "a: 2");
  list({"x", "y", "z"});
  start("nodes/{address}");
  EXPECT_TRUE(becomes("y", "canonical"));
  EXPECT_TRUE(becomes("z", "divergent"));
}

TEST_F(FileDiscoveryTest, ANameThatLeadsElsewhereIsUnknownAndReadsNothing) {
  for (const auto* node : {"web-1", "web-2"})
    write("nodes/" + std::string(node) + "/a.yml", "a: 1");
  write("a.yml", "a: 1");
  list({"web-1", "web-2", ".."});
  start("nodes/{node}/a.yml");
  EXPECT_TRUE(becomes("..", "unknown internal"));
  EXPECT_TRUE(becomes("web-1", "canonical"));
}

TEST_F(FileDiscoveryTest, OnePathOfAllDiscoveredNodesIsRefused) {
  list({"web-1", "web-2"});
  const auto config = load("app.yml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message,
              testing::HasSubstr("collect[0].file: expected settings that tell discovered nodes "
                                 "apart, such as a path with {node}"));
}

TEST_F(FileDiscoveryTest, GrantsNameThePatternOfAll) {
  list({"web-1"});
  const auto config = load("nodes/{node}/{address}.yml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->services[0].collect[0].discovered->grants(),
              testing::HasSubstr("nodes/{node}/{address}.yml"));
}

}  // namespace
}  // namespace mse
