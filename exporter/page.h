// What a scrape is given: bytes made once per snapshot, not per scrape.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "exporter/announcements.h"
#include "exporter/exposition.h"
#include "exporter/model.h"
#include "exporter/process.h"
#include "exporter/self_metrics.h"
#include "exporter/snapshot.h"

namespace mse {

// One rendered state of the process. Immutable: shared by every reader thread.
struct Page {
  // The metrics, compressed by the first thread that asks: few pages are ever scraped.
  const std::string& metrics_gzip() const;

  std::string metrics;       // text format 0.0.4, services and the exporter's own
  std::string self_metrics;  // the exporter's own only: what is served while the snapshot is stale
  Mono at{};                 // of the snapshot; age is judged when asked
  Duration stale_after = std::chrono::seconds(60);  // the age over which it is not served as truth
  int incomplete = 0;  // services without a complete first round; their metrics are left out
  std::shared_ptr<const Snapshot> snapshot;  // what it shows; never null in a page made of one
  // Over HTTP, what is in force or was until lately; null: nothing ever.
  std::shared_ptr<const std::vector<Announced>> announced;

 private:
  mutable std::once_flag compressed_;
  mutable std::string metrics_gzip_;
};

// `snapshot`, not null, with the exporter's own metrics, rendered. Counts what was dropped.
std::shared_ptr<const Page> make_page(std::shared_ptr<const Snapshot> snapshot,
                                      const ExpositionSettings& settings, SelfMetrics& self,
                                      const ProcessStats& process,
                                      std::shared_ptr<const std::vector<Announced>> announced = {});

// `bytes` as one gzip member (libdeflate, level 1).
std::string gzip(const std::string& bytes);

}  // namespace mse
