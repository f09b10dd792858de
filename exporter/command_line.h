// The flags and commands of the program, parsed and checked.
#pragma once

#include <string>
#include <variant>

#include "exporter/client.h"
#include "exporter/exposition.h"
#include "exporter/log.h"

namespace mse {

enum class Command { serve, once, grants, check_config, list_collectors, gate, status, diff };

struct CommandLine {
  Command command = Command::serve;
  std::string config_file = "mixed_state.yml";
  std::string listen_address = ":9889";
  std::string web_config_file;  // empty: plain HTTP
  std::string telemetry_path = "/metrics";
  bool enable_lifecycle = false;  // POST /-/reload
  bool enable_changes = false;    // POST /api/v1/changes
  std::string storage_path;       // of the history; empty: nothing survives the process
  Duration storage_retention = std::chrono::hours(24 * 90);
  PerNode per_node = PerNode::automatic;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::logfmt;
  ClientOptions client;  // of gate, status and diff
};

// The process's exit code instead, when the text was all there was to do (--help, --version: 0) or
// was wrong (2, and 3 of gate, status and diff); the answer is printed.
std::variant<CommandLine, int> parse_command_line(int count, const char* const* arguments);

}  // namespace mse
