// Flags and commands: what is understood, what is refused.
#include "exporter/command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace mse {
namespace {

std::variant<CommandLine, int> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "mixed_state_exporter");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

CommandLine line(std::vector<const char*> arguments) {
  return std::get<CommandLine>(parse(std::move(arguments)));
}

int refusal(std::vector<const char*> arguments) {
  const auto parsed = parse(std::move(arguments));
  return std::holds_alternative<int>(parsed) ? std::get<int>(parsed) : -1;
}

TEST(CommandLine, ServesOnLoopbackByDefault) {
  EXPECT_EQ(line({}).command, Command::serve);
  EXPECT_EQ(line({}).listen_address, ":9889");
  EXPECT_FALSE(line({}).enable_lifecycle);
}

TEST(CommandLine, FlagsMayStandBeforeOrAfterTheCommand) {
  EXPECT_EQ(line({"once", "--config.file=a.yml"}).command, Command::once);
  EXPECT_EQ(line({"once", "--config.file=a.yml"}).config_file, "a.yml");
  EXPECT_EQ(line({"--config.file", "a.yml", "grants"}).command, Command::grants);
  EXPECT_EQ(line({"--config.check"}).command, Command::check_config);
  EXPECT_EQ(line({"--collectors"}).command, Command::list_collectors);
}

TEST(CommandLine, TheHistoryIsInMemoryUnlessAFileIsNamed) {
  EXPECT_EQ(line({}).storage_path, "");
  EXPECT_EQ(line({"--storage.path=h.db"}).storage_path, "h.db");
  EXPECT_EQ(line({}).storage_retention, std::chrono::hours(24 * 90));
  EXPECT_EQ(line({"--storage.retention=7d"}).storage_retention, std::chrono::hours(24 * 7));
  for (const char* wrong : {"7", "0d", "-1d", "4000d", "7d ", "1h"})
    EXPECT_EQ(refusal({"--storage.retention", wrong}), 2) << wrong;
}

TEST(CommandLine, ChoicesAreClosed) {
  EXPECT_EQ(line({"--metrics.per-node=none"}).per_node, PerNode::none);
  EXPECT_EQ(line({"--log.level=debug"}).log_level, LogLevel::debug);
  EXPECT_EQ(line({"--log.format=json"}).log_format, LogFormat::json);
  testing::internal::CaptureStderr();
  EXPECT_EQ(refusal({"--log.format=xml"}), 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("expected json|logfmt"), std::string::npos);
}

TEST(CommandLine, WhatIsNotKnownIsRefused) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(refusal({"--no-such-flag"}), 2);
  EXPECT_EQ(refusal({"twice"}), 2);
  EXPECT_EQ(refusal({"once", "grants"}), 2);
  testing::internal::GetCapturedStderr();
}

TEST(CommandLine, TheGateIsAskedOfOneOrSeveralExporters) {
  const CommandLine gate = line({"gate", "--service", "shop", "--deploy-id=d-1", "--target=v2",
                                 "--dimension=config", "--wait=10m", "--user=ci"});
  EXPECT_EQ(gate.command, Command::gate);
  EXPECT_EQ(gate.client.urls, std::vector<std::string>{"http://localhost:9889"});
  EXPECT_EQ(gate.client.service, "shop");
  EXPECT_EQ(gate.client.deploy_id, "d-1");
  EXPECT_EQ(gate.client.target, "v2");
  EXPECT_EQ(gate.client.dimension, "config");
  EXPECT_EQ(gate.client.wait, std::chrono::minutes(10));
  const CommandLine twins = line({"gate", "--url", "http://a", "--url=http://b", "--service=s"});
  EXPECT_EQ(twins.client.urls, (std::vector<std::string>{"http://a", "http://b"}));
}

TEST(CommandLine, DiffAndStatusAskARunningExporter) {
  const CommandLine diff = line({"diff", "--url", "http://a", "shop", "config"});
  EXPECT_EQ(diff.command, Command::diff);
  EXPECT_EQ(diff.client.service, "shop");
  EXPECT_EQ(diff.client.dimension, "config");
  EXPECT_EQ(line({"status"}).command, Command::status);
  EXPECT_EQ(line({"status", "--service=shop"}).client.service, "shop");
}

TEST(CommandLine, AWrongQuestionOfTheGateIsNoVerdict) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(refusal({"gate"}), 3);
  EXPECT_EQ(refusal({"gate", "--service"}), 3);
  EXPECT_EQ(refusal({"gate", "--service=s", "--wait=soon"}), 3);
  EXPECT_EQ(refusal({"gate", "--service=s", "--password-file=f"}), 3);
  EXPECT_EQ(refusal({"gate", "--service=s", "--no-such-flag"}), 3);
  EXPECT_EQ(refusal({"diff", "shop"}), 3);
  testing::internal::GetCapturedStderr();
}

TEST(CommandLine, HelpAndVersionAreAnswered) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(refusal({"--help"}), 0);
  EXPECT_EQ(refusal({"--version"}), 0);
  const auto text = testing::internal::GetCapturedStdout();
  EXPECT_NE(text.find("--config.file"), std::string::npos);
  EXPECT_NE(text.find("mixed_state_exporter 0.1.0"), std::string::npos);
}

}  // namespace
}  // namespace mse
