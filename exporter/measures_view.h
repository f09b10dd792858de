// Measures M3 to M5 and M8 as a snapshot shows them: summed over the nodes of a service.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/histogram.h"
#include "exporter/model.h"

namespace mse {

// Answers of an authorization probe: as it should be, another, none.
enum class ProbeResult { match, drift, error };
std::string_view name(ProbeResult result);
inline constexpr auto kProbeResults = every<ProbeResult, ProbeResult::error>();

struct GoodAndBad {
  std::uint64_t good = 0, bad = 0;
};

// Absent is what no collector has ever told, or, of present standings, cannot be told now. The
// results of a closed list come together: what was not told of it has not been counted.
struct MeasuresView {
  struct Reconciliation {
    std::optional<GoodAndBad> runs;  // success, failure
    std::optional<std::uint64_t> processed_items;
    std::optional<Histogram> duration;
    std::optional<std::uint64_t> pending_items, mismatched_items;  // summed
    std::optional<Duration> oldest_pending;                        // the longest
    std::optional<Wall> last_success;                              // the newest
  };
  struct Stream {
    std::optional<std::uint64_t> events, duplicates;
  };
  std::map<std::string, Reconciliation> reconciliations;  // by kind; at most 64 and `other`
  std::map<std::string, Stream> streams;                  // as many
  std::optional<GoodAndBad> schemas;                      // valid, errors
  std::optional<std::array<GoodAndBad, 4>> decisions;     // allowed, denied; by Status
  std::optional<std::map<ProbeResult, std::uint64_t>> probes;
};

}  // namespace mse
