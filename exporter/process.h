// What the operating system says of this process.
#pragma once

#include <optional>

namespace mse {

// Absent: the system would not say. Seconds are of CPU time and since the epoch.
struct ProcessStats {
  std::optional<double> cpu_seconds, start_time_seconds, resident_bytes, open_fds, max_fds;
};

// Reads /proc/self; never fails as a whole.
ProcessStats read_process_stats();

}  // namespace mse
