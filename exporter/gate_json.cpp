// Names of the fields are a contract with pipelines: see deploy/openapi.yml.
#include "exporter/gate_json.h"

#include <nlohmann/json.hpp>

#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLineBytes = 500;

template <typename T, typename Put>
Json or_null(const std::optional<T>& value, Put put) {
  return value ? Json(put(*value)) : Json();
}

double seconds(Duration length) {
  return std::chrono::duration<double>(length).count();
}

// True, false, or null of `unknown`: a pipeline that tests for either stops in between.
Json allow(Verdict verdict) {
  return verdict == Verdict::unknown ? Json() : Json(verdict == Verdict::go);
}

Json reason_json(const GateReason& reason) {
  return {{"code", name(reason.code)},
          {"dimension", reason.dimension.empty() ? Json() : Json(reason.dimension)},
          {"nodes", reason.nodes},
          {"node_count", reason.count},
          {"since", or_null(reason.since, format_timestamp)},
          {"what", reason.what},
          {"clears", reason.clears}};
}

std::string nodes_text(const GateReason& reason) {
  std::string out;
  for (const std::string& node : reason.nodes) out.append(out.empty() ? " (" : ", ").append(node);
  if (reason.count > static_cast<int>(reason.nodes.size())) out += ", …";
  return out.empty() ? out : out + ")";
}

}  // namespace

std::string gate_json(const GateAnswer& answer, const std::string& service,
                      const GateQuestion& question, const std::optional<Wall>& evaluated_at) {
  const auto plain = [](double value) { return value; };
  Json reasons = Json::array();
  for (const GateReason& reason : answer.reasons) reasons.push_back(reason_json(reason));
  const Json out{{"service", service},
                 {"verdict", name(answer.verdict)},
                 {"allow", allow(answer.verdict)},
                 {"reasons", std::move(reasons)},
                 {"retry_after_seconds", seconds(answer.retry_after)},
                 {"exposure_ratio", or_null(answer.exposure, plain)},
                 {"converged_ratio", or_null(answer.converged, plain)},
                 {"lag_seconds", or_null(answer.lag, seconds)},
                 {"data_age_seconds", or_null(answer.age, seconds)},
                 {"evaluated_at", or_null(evaluated_at, format_timestamp)},
                 {"deploy_id", question.deploy_id},
                 {"target", question.target},
                 {"dimension", question.dimension}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string gate_line(const GateAnswer& answer) {
  std::string out(name(answer.verdict));
  for (const GateReason& reason : answer.reasons) {
    out.append(&reason == &answer.reasons.front() ? ": " : " ").append(reason.what);
    out.append(nodes_text(reason));
  }
  if (!answer.reasons.empty()) out.append(" Cleared when: ").append(answer.reasons.front().clears);
  return repaired(out, kLineBytes);
}

}  // namespace mse
