// The flags, by CLI11.
#include "exporter/command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>
#include <optional>

namespace mse {
namespace {

const std::map<std::string, PerNode> kPerNode{
    {"auto", PerNode::automatic}, {"all", PerNode::all}, {"none", PerNode::none}};
const std::map<std::string, LogLevel> kLevels{{"debug", LogLevel::debug},
                                              {"info", LogLevel::info},
                                              {"warn", LogLevel::warn},
                                              {"error", LogLevel::error}};
const std::map<std::string, LogFormat> kFormats{{"logfmt", LogFormat::logfmt},
                                                {"json", LogFormat::json}};

template <typename Value>
void add_choice(CLI::App& app, const std::string& flag, Value& value,
                const std::map<std::string, Value>& choices, const std::string& help) {
  std::string words;
  for (const auto& [word, meaning] : choices) words += (words.empty() ? "" : "|") + word;
  const auto set = [&value, &choices](const std::string& word) { value = choices.at(word); };
  const auto known = [&choices, words](const std::string& word) {
    return choices.contains(word) ? std::string() : "expected " + words;
  };
  app.add_option_function<std::string>(flag, set, help)->check(known)->type_name(words);
}

void add_commands(CLI::App& app, CommandLine& line) {
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.add_subcommand("once",
                     "Poll the configured nodes twice and print a table; exits 0 when all "
                     "are canonical, 1 divergent, 2 unknown, 3 config error")
      ->callback([&line] { line.command = Command::once; });
  app.add_subcommand("grants", "Print the least privilege that the configured collectors need")
      ->callback([&line] { line.command = Command::grants; });
  app.add_flag_callback(
      "--config.check", [&line] { line.command = Command::check_config; },
      "Check the configuration without connecting, and exit (3 when it is wrong)");
  app.add_flag_callback(
      "--collectors", [&line] { line.command = Command::list_collectors; },
      "List the collectors, and exit");
}

// "90d": days, as Prometheus's own retention is given.
void add_retention(CLI::App& app, Duration& retention) {
  const auto days = [](const std::string& text) -> std::optional<int> {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || std::string(stopped, end) != "d" || value < 1 || value > 3650)
      return std::nullopt;
    return value;
  };
  const auto set = [&retention, days](const std::string& text) {
    retention = std::chrono::hours(24) * days(text).value();
  };
  const auto known = [days](const std::string& text) {
    return days(text) ? std::string() : "expected 1d to 3650d";
  };
  app.add_option_function<std::string>("--storage.retention", set,
                                       "How long changes that ended are kept (90d)")
      ->check(known)
      ->type_name("DAYS");
}

void add_flags(CLI::App& app, CommandLine& line) {
  app.add_option("--config.file", line.config_file, "The configuration")->capture_default_str();
  app.add_option("--web.listen-address", line.listen_address, "host:port to serve on")
      ->capture_default_str();
  app.add_option("--web.telemetry-path", line.telemetry_path, "Path of the metrics")
      ->capture_default_str();
  app.add_option("--web.config.file", line.web_config_file,
                 "TLS, users and headers, as the Prometheus exporter toolkit reads them");
  app.add_flag("--web.enable-lifecycle", line.enable_lifecycle, "Allow POST /-/reload");
  app.add_option("--storage.path", line.storage_path,
                 "File of the history, which survives restarts (none: memory only)");
  add_retention(app, line.storage_retention);
  add_choice(app, "--metrics.per-node", line.per_node, kPerNode,
             "Series of single nodes (auto: above 500 nodes only those not canonical)");
  add_choice(app, "--log.level", line.log_level, kLevels, "Least level that is logged (info)");
  add_choice(app, "--log.format", line.log_format, kFormats, "Format of the log (logfmt)");
}

}  // namespace

std::variant<CommandLine, int> parse_command_line(int count, const char* const* arguments) {
  CommandLine line;
  CLI::App app("Tells Prometheus which nodes of one service hold another state than the rest.",
               "mixed_state_exporter");
  app.set_version_flag("--version", "mixed_state_exporter " MSE_VERSION);
  add_flags(app, line);
  add_commands(app, line);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return line;
}

}  // namespace mse
