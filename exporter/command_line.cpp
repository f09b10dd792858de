// The flags, by CLI11.
#include "exporter/command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>
#include <optional>

#include "exporter/time_text.h"

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

// What all commands that ask a running exporter take.
void add_client_options(CLI::App& command, ClientOptions& client) {
  command.fallthrough(false);
  command.add_option("--url", client.urls, "A running exporter; again for its twin")
      ->allow_extra_args(false)
      ->capture_default_str();
  command.add_option("--user", client.user, "Name of a user of its --web.config.file");
  command.add_option("--password-file", client.password_file, "File that holds the password")
      ->needs("--user");
  command.add_option("--ca-file", client.ca_file, "Authorities of its certificate (the system's)");
}

CLI::App* add_client_command(CLI::App& app, CommandLine& line, Command which,
                             const std::string& name, const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([&line, which] { line.command = which; });
  add_client_options(*command, line.client);
  return command;
}

void add_wait(CLI::App& command, Duration& wait) {
  const auto set = [&wait](const std::string& text) { wait = parse_duration(text).value(); };
  const auto known = [](const std::string& text) {
    return parse_duration(text) ? std::string() : "expected a duration such as 10m";
  };
  command.add_option_function<std::string>("--wait", set, "Ask again for at most so long")
      ->check(known)
      ->type_name("DURATION");
}

void add_client_commands(CLI::App& app, CommandLine& line) {
  ClientOptions& client = line.client;
  CLI::App* gate = add_client_command(
      app, line, Command::gate, "gate",
      "Ask a running exporter whether a rollout may go on; exits 0 go, 1 hold, 2 unknown or no "
      "answer, 3 asked wrongly, 4 rollback");
  gate->add_option("--service", client.service, "The service")->required();
  gate->add_option("--deploy-id", client.deploy_id, "The caller's deploy");
  gate->add_option("--target", client.target, "The state it deploys");
  gate->add_option("--dimension", client.dimension, "What the target is a state of");
  add_wait(*gate, client.wait);
  CLI::App* status = add_client_command(app, line, Command::status, "status",
                                        "Print what a running exporter knows as a table");
  status->add_option("--service", client.service, "One service only");
  CLI::App* diff = add_client_command(
      app, line, Command::diff, "diff",
      "Print in what nodes differ from the canonical state; exits 0 in nothing, 1 in something, 2 "
      "unknown, 3 asked wrongly");
  diff->add_option("SERVICE", client.service)->required();
  diff->add_option("DIMENSION", client.dimension)->required();
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
  app.add_flag("--web.enable-changes", line.enable_changes,
               "Allow POST /api/v1/changes, for the users and certificates of --web.config.file");
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
  add_client_commands(app, line);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) == 0) return 0;
    const bool of_client =
        app.got_subcommand("gate") || app.got_subcommand("status") || app.got_subcommand("diff");
    return of_client ? kExitUsage : 2;
  }
  return line;
}

}  // namespace mse
