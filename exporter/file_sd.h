// Prometheus `file_sd` files as groups of targets.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "exporter/result.h"

namespace mse {

constexpr std::size_t kFileSdBytes = 10U << 20U;  // of JSON; YAML has the budgets of yaml_tree.h
constexpr std::size_t kFileSdTargets = 50'000;

// As https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config says.
struct TargetGroup {
  std::vector<std::string> targets;  // addresses
  std::map<std::string, std::string> labels;
};

// The groups in `bytes`: YAML if the name of `file` ends in .yml or .yaml, else JSON. Pure. Refused
// whole, with one sentence that begins with `file`, are: what exceeds a budget, any other shape or
// key, an address that is none, a label's name that is none, and text that is not UTF-8, holds
// control characters or is longer than 256 bytes. So is an empty file: it was hardly meant.
Result<std::vector<TargetGroup>> parse_file_sd(const std::string& bytes, const std::string& file);

}  // namespace mse
