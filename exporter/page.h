// What a scrape is given: bytes made once per snapshot, never per scrape.
#pragma once

#include <memory>
#include <string>

#include "exporter/exposition.h"
#include "exporter/model.h"
#include "exporter/process.h"
#include "exporter/self_metrics.h"
#include "exporter/snapshot.h"

namespace mse {

// One rendered state of the process. Immutable: shared by every reader thread.
struct Page {
  std::string metrics;       // text format 0.0.4, services and the exporter's own
  std::string metrics_gzip;  // the same, compressed
  std::string self_metrics;  // the exporter's own only: what is served while the snapshot is stale
  Mono at{};                 // of the snapshot; age is judged when asked
  Duration stale_after = std::chrono::seconds(60);  // the age over which it is not served as truth
  int incomplete = 0;  // services without a complete first round; their metrics are left out
  std::shared_ptr<const Snapshot> snapshot;  // what it shows; never null in a page made of one
};

// `snapshot`, not null, with the exporter's own metrics, rendered and compressed. Counts what was
// dropped.
std::shared_ptr<const Page> make_page(std::shared_ptr<const Snapshot> snapshot,
                                      const ExpositionSettings& settings, SelfMetrics& self,
                                      const ProcessStats& process);

// `bytes` as one gzip member (libdeflate, level 1).
std::string gzip(const std::string& bytes);

}  // namespace mse
