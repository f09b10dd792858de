// A parser of the Prometheus text exposition format, fed piece by piece with remote bytes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/collector.h"

namespace mse {

struct PrometheusSample {
  std::string name;
  std::map<std::string, std::string> labels;  // as they are told: repair them before showing them
  double value = 0;
};

struct PrometheusLimits {
  std::size_t line = 64U << 10U;  // bytes
  std::size_t samples = 10'000;   // kept
  std::size_t labels = 64;        // of one sample
};

// Text format 0.0.4, and of OpenMetrics what looks like it: exemplars and timestamps are passed
// over, "# EOF" ends nothing. Keeps the samples that `wanted` names; of all others only the name is
// looked at. Memory: one line and what is kept.
class PrometheusPage {
 public:
  using Wanted = std::function<bool(std::string_view name)>;

  explicit PrometheusPage(Wanted wanted, PrometheusLimits limits = {})
      : wanted_(std::move(wanted)), limits_(limits) {}

  // False: no more can be taken, finish() says why. Any split of the bytes gives the same.
  bool feed(std::string_view bytes);
  bool refused() const { return !failure_.empty(); }

  // Failure protocol: a line that begins with no metric's name, or a wanted one that is broken or
  // comes twice. Failure too_large: over the limits.
  Polled<std::vector<PrometheusSample>> finish();

 private:
  bool take_line(std::string_view line);
  bool keep(std::string_view name, std::string_view rest);
  bool fail_with(Reason reason, std::string text);

  Wanted wanted_;
  PrometheusLimits limits_;
  std::string line_;  // begun, its end not yet seen
  std::vector<PrometheusSample> samples_;
  std::vector<Failure> failure_;  // none or one
};

}  // namespace mse
