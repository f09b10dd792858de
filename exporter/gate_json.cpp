// Names of the fields are a contract with pipelines: see deploy/openapi.yml.
#include "exporter/gate_json.h"

#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kLineBytes = 500;

// True, false, or null of `unknown`: a pipeline that tests for either stops in between.
Json allow(Verdict verdict) {
  return verdict == Verdict::unknown ? Json() : Json(verdict == Verdict::go);
}

Json reason_json(const GateReason& reason) {
  return {{"code", name(reason.code)},      {"dimension", text_or_null(reason.dimension)},
          {"nodes", reason.nodes},          {"node_count", reason.count},
          {"since", json_of(reason.since)}, {"what", reason.what},
          {"clears", reason.clears}};
}

std::string nodes_text(const GateReason& reason) {
  std::string out;
  for (const std::string& node : reason.nodes) out.append(out.empty() ? " (" : ", ").append(node);
  if (reason.count > static_cast<int>(reason.nodes.size())) out += ", …";
  return out.empty() ? out : out + ")";
}

}  // namespace

Json reasons_json(const GateAnswer& answer) {
  Json out = Json::array();
  for (const GateReason& reason : answer.reasons) out.push_back(reason_json(reason));
  return out;
}

std::string gate_json(const GateAnswer& answer, const std::string& service,
                      const GateQuestion& question, const std::optional<Wall>& evaluated_at) {
  const Json out{{"service", service},
                 {"verdict", name(answer.verdict)},
                 {"allow", allow(answer.verdict)},
                 {"reasons", reasons_json(answer)},
                 {"retry_after_seconds", json_of(answer.retry_after)},
                 {"exposure_ratio", json_of(answer.exposure)},
                 {"converged_ratio", json_of(answer.converged)},
                 {"lag_seconds", json_of(answer.lag)},
                 {"data_age_seconds", json_of(answer.age)},
                 {"evaluated_at", json_of(evaluated_at)},
                 {"deploy_id", question.deploy_id},
                 {"target", question.target},
                 {"dimension", question.dimension}};
  return line_of(out);
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
