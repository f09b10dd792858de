// Decides what is canonical, who diverges, since when and why: observations in, snapshots out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "exporter/config.h"
#include "exporter/report.h"
#include "exporter/snapshot.h"

namespace mse {

struct Now {
  Mono mono{};
  Wall wall{};
};

// A pipeline's word that a dimension is moving to a state (semantics 7). States by short text or
// decimal fingerprint.
struct Declaration {
  std::string state, from, deploy_id;
  Wall started{}, deadline{};
  std::vector<std::string> nodes, dimensions;
};

// What a declared source says now: a canonical state, or that it cannot be read.
struct SourceUnreachable {};
using DeclaredValue = std::variant<std::string, SourceUnreachable>;

// The rules of semantics.md for one service. No I/O, no clock: every call is told the time. One
// thread.
class Evaluator {
 public:
  explicit Evaluator(ServiceSettings settings, Cadences cadences);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // Keeps all that is known of nodes and dimensions that both settings have.
  void reconfigure(ServiceSettings settings, Cadences cadences);

  // The members a successful discovery read found; a configured list is one.
  void inventory(const std::vector<NodeSettings>& nodes, Now now);

  // The dimensions `collector` reads on every node: what a complete round needs.
  void expect(const std::string& collector, const std::vector<std::string>& dimensions);

  // One poll of `collector` on `node` ended. `expected` names every dimension that collector reads
  // there.
  void report(const std::string& node, const std::string& collector, Report report, Now now);

  // The connection of `collector` to `node` failed: all its dimensions there are unknown at once.
  void lost(const std::string& node, const std::string& collector, Reason reason, Now now);

  // One coordinated position round, replicas read before primaries. Nodes left out did not answer
  // in time.
  void positions(const std::map<std::string, PositionReading>& round, Now now);

  void declared(const std::string& dimension, const DeclaredValue& value, Now now);
  void declare(const std::string& dimension, const Declaration& declaration, Now now);

  // The service's maintenance window that is open now, and its end and reason; nothing when none
  // is.
  struct OpenMaintenance {
    Wall end{};
    std::string why;
  };
  void maintenance(const std::optional<OpenMaintenance>& open);

  // Nothing before the first complete round: every node and dimension has an observation, unknown
  // counts.
  std::optional<ServiceView> evaluate(Now now);

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

}  // namespace mse
