// The program: what was asked on the command line, over the configuration.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <thread>

#include "collectors/ask_exporter.h"
#include "collectors/url_source.h"
#include "exporter/command_line.h"
#include "exporter/load_config.h"
#include "exporter/once.h"
#include "exporter/serve.h"
#include "exporter/web_setup.h"

namespace mse {
namespace {

constexpr int kConfigError = 3;

int list_collectors() {
  for (const auto& kind : collector_kinds())
    std::printf("%-12s %s\n", std::string(kind.name).c_str(), std::string(kind.summary).c_str());
  return 0;
}

// Each text once: the nodes of a service share it unless a node overrides something.
void print_grants(const std::string& title, const Collector& collector,
                  std::set<std::string>& printed) {
  const auto grants = collector.grants();
  if (printed.insert(grants).second) std::printf("-- %s\n%s\n", title.c_str(), grants.c_str());
}

int print_grants(const Config& config) {
  std::set<std::string> printed;
  for (const auto& service : config.services)
    for (const auto& entry : service.collect) {
      const auto title = entry.kind + " of service " + service.settings.name + ", ";
      for (const auto& [node, collector] : entry.by_node) {
        auto of_node = title;
        print_grants(of_node.append("node ").append(node), *collector, printed);
      }
      if (entry.discovered) print_grants(title + "discovered nodes", *entry.discovered, printed);
    }
  return 0;
}

// `command` of those that ask a running exporter.
int ask(const ClientOptions& options, int (*command)(const ClientOptions&, const Outside&)) {
  const auto asker = exporter_asker(options);
  if (!asker) {
    std::fprintf(stderr, "%s\n", asker.error().message.c_str());
    return kExitUsage;
  }
  const auto write_to = [](std::FILE* file) {
    return [file](const std::string& text) {
      std::fputs(text.c_str(), file);
      std::fflush(file);
    };
  };
  return command(options, {*asker, [] { return std::chrono::steady_clock::now(); },
                           [](Duration time) { std::this_thread::sleep_for(time); },
                           write_to(stdout), write_to(stderr), ::isatty(STDOUT_FILENO) == 1});
}

int run(const CommandLine& line) {
  if (line.command == Command::list_collectors) return list_collectors();
  if (line.command == Command::gate) return ask(line.client, run_gate);
  if (line.command == Command::status) return ask(line.client, run_status);
  if (line.command == Command::diff) return ask(line.client, run_diff);
  const auto config = load_config(line.config_file, collector_kinds());
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return kConfigError;
  }
  switch (line.command) {
    case Command::once:
      return once(*config, fetch_url);
    case Command::grants:
      return print_grants(*config);
    case Command::check_config:
      if (const auto web = load_web_setup(line.web_config_file); !web) {
        std::fprintf(stderr, "%s\n", web.error().message.c_str());
        return kConfigError;
      }
      std::printf("%s is valid\n", line.config_file.c_str());
      return 0;
    default:
      return serve(line, *config, collector_kinds(), fetch_url, send_url);
  }
}

int run(int count, const char* const* arguments) {
  const auto parsed = parse_command_line(count, arguments);
  if (const auto* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  const auto& line = std::get<CommandLine>(parsed);
  start_log(line.log_level, line.log_format);
  return run(line);
}

}  // namespace
}  // namespace mse

int main(int count, char** arguments) {
  // A core file would hold passwords.
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  try {
    return mse::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mixed_state_exporter: %s\n", error.what());
    return 1;
  }
}
