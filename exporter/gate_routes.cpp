// What is asked, out of a query or a webhook; the verdict as a status.
#include "exporter/gate_routes.h"

#include <algorithm>
#include <utility>

#include "exporter/gate_json.h"
#include "exporter/json_fields.h"
#include "exporter/query_string.h"
#include "exporter/text.h"

namespace mse {
namespace {

using nlohmann::json;

struct Asked {
  std::string service;
  GateQuestion question;
  bool fail = false;
};

Result<Asked> asked_by(const Parameters& parameters) {
  Asked out;
  for (const auto& [name, value] : parameters) {
    if (name == "service") {
      out.service = value;
    } else if (name == "deploy_id") {
      out.question.deploy_id = value;
    } else if (name == "target") {
      out.question.target = value;
    } else if (name == "dimension") {
      out.question.dimension = value;
    } else if (name == "fail" && (value == "true" || value == "false")) {
      out.fail = value == "true";
    } else {
      return fail("The gate is asked with service, deploy_id, target, dimension, and fail=true.");
    }
  }
  return out;
}

Result<Asked> asked_by_query(const Request& request) {
  const auto parameters = parse_query(request.query);
  if (!parameters) return tl::unexpected(parameters.error());
  auto asked = asked_by(*parameters);
  if (asked && asked->service.empty()) return fail("Name a service: ?service=….");
  return asked;
}

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string first_said(std::string one, std::string other) {
  return one.empty() ? std::move(other) : std::move(one);
}

Result<Asked> asked_by_flagger(const Request& request) {
  const auto body = parse_json_object(request.body);
  const auto parameters = parse_query(request.query);
  if (!parameters) return tl::unexpected(parameters.error());
  auto asked = asked_by(*parameters);
  if (!asked) return asked;
  if (!body)
    return fail("The body is not a Flagger webhook's JSON object: " + body.error().message + ".");
  static const json none;
  const auto given = body->find("metadata");
  const json& metadata = given == body->end() ? none : *given;
  GateQuestion& question = asked->question;
  asked->service =
      first_said(text_at(metadata, "service"), first_said(asked->service, text_at(*body, "name")));
  question.deploy_id = first_said(text_at(metadata, "deploy_id"),
                                  first_said(question.deploy_id, text_at(*body, "checksum")));
  question.target = first_said(text_at(metadata, "target"), question.target);
  question.dimension = first_said(text_at(metadata, "dimension"), question.dimension);
  if (asked->service.empty()) return fail("Name a service: metadata.service, or the canary.");
  return asked;
}

std::optional<GateAnswer> verdict_on(const Asked& asked, const std::shared_ptr<const Page>& page,
                                     Mono now) {
  if (!page || !page->snapshot) return gate_without_snapshot();
  return gate(*page->snapshot, asked.service, asked.question, now);
}

int failing_status(Verdict verdict) {
  switch (verdict) {
    case Verdict::go:
      return 200;
    case Verdict::unknown:
      return 503;
    default:
      return 409;
  }
}

std::string no_such(const Asked& asked) {
  return "There is no service \"" + repaired(asked.service) + "\" here.";
}

void say_when_to_ask_again(Answer& answer, const GateAnswer& verdict) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(verdict.retry_after).count();
  if (seconds > 0) answer.fields = {{"Retry-After", std::to_string(seconds)}};
}

bool cannot_be_answered(const GateAnswer& verdict) {
  return std::any_of(verdict.reasons.begin(), verdict.reasons.end(), [](const auto& reason) {
    return reason.code == GateCode::stale || reason.code == GateCode::first_round;
  });
}

// A hook of Flagger: its status is `status_of` the verdict, its text the verdict's reasons.
template <typename StatusOf>
Answer flagger(const Request& request, const std::shared_ptr<const Page>& page, Mono now,
               StatusOf status_of) {
  const auto asked = asked_by_flagger(request);
  if (!asked) return refusal(400, asked.error().message);
  const auto verdict = verdict_on(*asked, page, now);
  if (!verdict) return refusal(404, no_such(*asked));
  Answer result = refusal(status_of(*verdict), gate_line(*verdict));
  say_when_to_ask_again(result, *verdict);
  return result;
}

}  // namespace

Answer json_refusal(int status, const std::string& sentence) {
  Answer result = refusal(status, "");
  result.type = kJsonType;
  result.body = std::make_shared<const std::string>(line_of({{"error", sentence}}));
  return result;
}

Answer answer_gate(const Request& request, const std::shared_ptr<const Page>& page, Mono now) {
  const auto asked = asked_by_query(request);
  if (!asked) return json_refusal(400, asked.error().message);
  const auto verdict = verdict_on(*asked, page, now);
  if (!verdict) return json_refusal(404, no_such(*asked));
  const bool evaluated = page && page->snapshot;
  const auto at = evaluated ? std::optional(page->snapshot->wall) : std::nullopt;
  Answer result =
      document(kJsonType, gate_json(*verdict, asked->service, asked->question, at), request);
  if (asked->fail) result.status = failing_status(verdict->verdict);
  say_when_to_ask_again(result, *verdict);
  return result;
}

Answer answer_flagger(const Request& request, const std::shared_ptr<const Page>& page, Mono now) {
  return flagger(request, page, now, [](const GateAnswer& verdict) {
    if (verdict.verdict == Verdict::go) return 200;
    return cannot_be_answered(verdict) ? 503 : 409;
  });
}

Answer answer_flagger_rollback(const Request& request, const std::shared_ptr<const Page>& page,
                               Mono now) {
  return flagger(request, page, now, [](const GateAnswer& verdict) {
    return verdict.verdict == Verdict::rollback ? 200 : 409;
  });
}

}  // namespace mse
