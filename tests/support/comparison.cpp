// How what a story wants is compared with what there is.
#include "tests/support/comparison.h"

#include <cmath>
#include <sstream>

namespace mse::story {
namespace {

constexpr double kClose = 1e-6;

double number(const YAML::Node& at, const std::string& text) {
  std::size_t used = 0;
  try {
    const double value = std::stod(text, &used);
    if (used == text.size()) return value;
  } catch (const std::exception&) {
    throw Mistake(at, "'" + text + "' is no number");
  }
  throw Mistake(at, "'" + text + "' is no number");
}

std::string shown(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string shown(Duration value) {
  return shown(std::chrono::duration<double>(value).count()) + "s";
}

}  // namespace

bool matches(const YAML::Node& wanted, double value) {
  const std::string& text = wanted.Scalar();
  const auto dots = text.find("..");
  if (dots != std::string::npos)
    return value >= number(wanted, text.substr(0, dots)) - kClose &&
           value <= number(wanted, text.substr(dots + 2)) + kClose;
  if (text.starts_with(">=")) return value >= number(wanted, text.substr(2)) - kClose;
  if (text.starts_with(">")) return value > number(wanted, text.substr(1));
  if (text.starts_with("<")) return value < number(wanted, text.substr(1));
  return std::abs(value - number(wanted, text)) < kClose;
}

void Comparison::wrong(const YAML::Node& at, const std::string& what, const std::string& got) {
  std::ostringstream wanted;
  wanted << at;
  unmet_.push_back(what + ": expected " + wanted.str() + ", got " + got + " (line " +
                   std::to_string(at.Mark().line + 1) + ")");
}

void Comparison::text(const YAML::Node& wanted, const std::string& what, const std::string& got) {
  if (wanted.Scalar() != got) wrong(wanted, what, got.empty() ? "nothing" : got);
}

void Comparison::count(const YAML::Node& wanted, const std::string& what, double got) {
  if (!matches(wanted, got)) wrong(wanted, what, shown(got));
}

void Comparison::truth(const YAML::Node& wanted, const std::string& what, bool got) {
  if (flag(wanted) != got) wrong(wanted, what, got ? "true" : "false");
}

void Comparison::time(const YAML::Node& wanted, const std::string& what,
                      std::optional<Duration> got) {
  const std::string& text = wanted.Scalar();
  const auto dots = text.find("..");
  bool holds = false;
  if (text == "absent") {
    holds = !got;
  } else if (dots == std::string::npos) {
    const Duration off = got ? std::chrono::abs(*got - duration(wanted)) : Duration::max();
    holds = off < std::chrono::milliseconds(1);
  } else {
    const Duration low = duration(YAML::Node(text.substr(0, dots)));
    holds = got && *got >= low && *got <= duration(YAML::Node(text.substr(dots + 2)));
  }
  if (!holds) wrong(wanted, what, got ? shown(*got) : "absent");
}

void Comparison::counts(const YAML::Node& wanted, const std::string& what,
                        std::map<std::string, double> got) {
  if (wanted.IsScalar() && wanted.Scalar() != "none")
    throw Mistake(wanted, "expected a map or none");
  for (const auto& entry : wanted) {
    const std::string& key = entry.first.Scalar();
    count(entry.second, std::string(what).append(" ").append(key), got[key]);
    got.erase(key);
  }
  for (const auto& [key, value] : got) {
    if (std::abs(value) > kClose)
      wrong(wanted, std::string(what).append(" ").append(key), shown(value));
  }
}

void Comparison::statuses(const YAML::Node& wanted, const std::string& what,
                          const PerStatus<double>& got) {
  std::map<std::string, double> named_counts;
  for (int i = 0; i < kStatusCount; ++i)
    named_counts[std::string(name(static_cast<Status>(i)))] = got.at(static_cast<std::size_t>(i));
  for (const auto& entry : wanted) {
    if (!named_counts.contains(entry.first.Scalar())) throw Mistake(entry.first, "no such status");
  }
  counts(wanted, what, named_counts);
}

}  // namespace mse::story
