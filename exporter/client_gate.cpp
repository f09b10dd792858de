// The command `gate`: asks until it may go on, or is told not to.
#include <algorithm>

#include "exporter/client_parts.h"
#include "exporter/gate.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr Duration kSoonest = std::chrono::seconds(1);
constexpr Duration kLatest = std::chrono::seconds(30);
constexpr Duration kUnreachable = std::chrono::seconds(5);

constexpr const char* kOver = "\r\x1b[K";   // the line before, on a terminal
constexpr std::size_t kProgressBytes = 60;  // and what fits on one

// What is to be told, and when to ask again.
struct Told {
  Verdict verdict = Verdict::unknown;
  std::string line;
  Duration retry = kUnreachable;
  int exit = kExitUnknown;
  bool final = false;  // waiting changes nothing
};

// Nothing of a word that is none of the four.
std::optional<Verdict> verdict_in(const Json& answer) {
  const std::string word = text_at(answer, "verdict");
  for (const Verdict verdict : kVerdicts) {
    if (name(verdict) == word) return verdict;
  }
  return std::nullopt;
}

int exit_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::go:
      return kExitGo;
    case Verdict::hold:
      return kExitHold;
    case Verdict::rollback:
      return kExitRollback;
    default:
      return kExitUnknown;
  }
}

std::string nodes_of(const Json& reason) {
  std::string out;
  const Json nodes = list_at(reason, "nodes");
  for (const Json& node : nodes) {
    if (!node.is_string()) continue;
    out.append(out.empty() ? " (" : ", ").append(repaired(node.get<std::string>(), 80));
  }
  if (count_at(reason, "node_count") > nodes.size()) out += ", …";
  return out.empty() ? out : out + ")";
}

std::string line_of_answer(const std::string& service, const Json& answer) {
  std::string out = text_at(answer, "verdict") + " " + service;
  const Json reasons = list_at(answer, "reasons");
  for (const Json& reason : reasons)
    out.append(&reason == &reasons.front() ? ": " : " ")
        .append(text_at(reason, "what"))
        .append(nodes_of(reason));
  const std::string converged = percent_at(answer, "converged_ratio");
  if (converged != "-") out += " [" + converged + " at the target]";
  if (!reasons.empty()) out += " Cleared when: " + text_at(reasons.front(), "clears");
  return out;
}

Duration retry_in(const Json& answer) {
  const auto found = answer.find("retry_after_seconds");
  if (found == answer.end() || !found->is_number()) return kUnreachable;
  const auto seconds =
      std::chrono::seconds(static_cast<int>(std::clamp(found->get<double>(), 0.0, 3600.0)));
  return std::clamp<Duration>(seconds, kSoonest, kLatest);
}

Told told_by(const Json& answer, const std::string& service) {
  const auto verdict = verdict_in(answer);
  if (!verdict) return {Verdict::unknown, "unknown " + service + ": an answer without a verdict"};
  const bool final = *verdict == Verdict::go || *verdict == Verdict::rollback;
  return {*verdict, line_of_answer(service, answer), retry_in(answer), exit_of(*verdict), final};
}

// The worst of the answers.
Told listen(const ClientOptions& options, const std::string& path, const Outside& outside) {
  const Heard heard = ask_all(options, path, outside);
  if (heard.answers.empty()) {
    Told told;
    for (const std::string& complaint : heard.complaints)
      told.line.append(told.line.empty() ? "unknown: " : "; ").append(complaint);
    told.exit = heard.failure();
    told.final = heard.refused;
    return told;
  }
  for (const std::string& complaint : heard.complaints) outside.complain(complaint + "\n");
  std::vector<Told> all;
  all.reserve(heard.answers.size());
  for (const Json& answer : heard.answers) all.push_back(told_by(answer, options.service));
  return *std::max_element(all.begin(), all.end(), [](const Told& one, const Told& other) {
    return one.verdict < other.verdict;
  });
}

// Shows what is told while it waits.
class Progress {
 public:
  explicit Progress(const Outside& outside) : outside_(outside) {}

  void show(const std::string& line, Duration left) {
    if (outside_.terminal) {
      outside_.print(kOver + repaired(line, kProgressBytes) + " (" + format_duration(left) + ")");
    } else if (line != last_) {
      outside_.print(line + "\n");
    }
    last_ = line;
    shown_ = true;
  }
  void end(const std::string& line) {
    if (outside_.terminal && shown_) outside_.print(kOver);
    if (outside_.terminal || line != last_) outside_.print(line + "\n");
  }

 private:
  const Outside& outside_;
  std::string last_;
  bool shown_ = false;
};

}  // namespace

int run_gate(const ClientOptions& options, const Outside& outside) {
  const std::string path = "/api/v1/gate" + query_of({{"service", options.service},
                                                      {"deploy_id", options.deploy_id},
                                                      {"target", options.target},
                                                      {"dimension", options.dimension}});
  const Mono end = outside.now() + options.wait;
  Progress progress(outside);
  for (;;) {
    const Told told = listen(options, path, outside);
    const Duration left = end - outside.now();
    if (told.final || left <= Duration::zero()) {
      progress.end(told.line);
      return told.exit;
    }
    progress.show(told.line, left);
    outside.sleep(std::min(told.retry, left));
  }
}

}  // namespace mse
