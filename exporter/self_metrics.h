// The exporter's metrics of itself: build, reloads, answers, limits that bit, and its process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/exposition.h"
#include "exporter/model.h"
#include "exporter/process.h"
#include "exporter/storage_error.h"

namespace mse {

// Kept in a prometheus-cpp registry, written by our own text format. Counting is for any thread.
class SelfMetrics {
 public:
  SelfMetrics(std::string_view version, const ExpositionSettings& settings);
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  // A configuration was read, at the start too, and taken over or refused.
  void reloaded(bool successful, Wall at);
  // Series left out of a page.
  void dropped(std::uint64_t series);
  // The history could not be read or written.
  void storage_failed(StorageError error);
  // The change webhook took a notice, or it was given up.
  void noticed(bool sent);
  // An HTTP answer was given.
  void answered(int status);

  // All of them in the Prometheus text format, with the process and the time of the newest
  // snapshot.
  std::string text(const ProcessStats& process, Wall snapshot) const;

 private:
  struct Registered;
  std::unique_ptr<Registered> registered_;
};

}  // namespace mse
