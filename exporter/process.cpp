// Reading /proc, as proc(5) describes it.
#include "exporter/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace mse {
namespace {

// Fields of /proc/self/stat counted from the one after the program's name, which may hold spaces.
constexpr std::size_t kUserTicks = 11, kSystemTicks = 12, kStartTicks = 19, kResidentPages = 21;

std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  rest >> state;
  std::vector<double> fields{0};
  for (double field = 0; rest >> field;) fields.push_back(field);
  return fields;
}

std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> open_fds() {
  std::error_code error;
  const std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  // One of them is the listing itself.
  return static_cast<double>(std::distance(begin(entries), end(entries))) - 1;
}

std::optional<double> max_fds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  stats.open_fds = open_fds();
  stats.max_fds = max_fds();
  const std::vector<double> fields = stat_fields();
  if (fields.size() <= kResidentPages) return stats;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (fields[kUserTicks] + fields[kSystemTicks]) / ticks;
  stats.resident_bytes = fields[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (const auto booted = boot_time()) {
    stats.start_time_seconds = *booted + fields[kStartTicks] / ticks;
  }
  return stats;
}

}  // namespace mse
