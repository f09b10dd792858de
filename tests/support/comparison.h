// Compares wanted with got, and keeps in words what does not hold.
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "exporter/snapshot.h"
#include "tests/support/story.h"

namespace mse::story {

// "12", "10..20", ">=10", ">0" or "<5".
bool matches(const YAML::Node& wanted, double value);

class Comparison {
 public:
  void wrong(const YAML::Node& at, const std::string& what, const std::string& got);
  void text(const YAML::Node& wanted, const std::string& what, const std::string& got);
  void count(const YAML::Node& wanted, const std::string& what, double got);
  void truth(const YAML::Node& wanted, const std::string& what, bool got);
  // "3s", "2s..4s" or "absent".
  void time(const YAML::Node& wanted, const std::string& what, std::optional<Duration> got);
  // A map of counts, or "none": a name that is not mentioned must be 0, one that `got` does not
  // have is 0.
  void counts(const YAML::Node& wanted, const std::string& what, std::map<std::string, double> got);
  void statuses(const YAML::Node& wanted, const std::string& what, const PerStatus<double>& got);

  const std::vector<std::string>& unmet() const { return unmet_; }

 private:
  std::vector<std::string> unmet_;
};

}  // namespace mse::story
