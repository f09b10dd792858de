// The gate over HTTP: for pipelines that read JSON, and for Flagger as it calls.
#pragma once

#include <memory>

#include "exporter/routes.h"

namespace mse {

inline constexpr std::string_view kJsonType = "application/json";

// GET /api/v1/gate?service=…[&deploy_id=…][&target=…][&dimension=…]: JSON, 200 for every verdict;
// with fail=true 409 for hold and rollback, 503 for unknown. 404 of a service that is not there,
// 400 of a parameter that means nothing, both with {"error": …}. No answer waits for a poll.
Answer answer_gate(const Request& request, const std::shared_ptr<const Page>& page, Mono now);

// POST of a Flagger webhook's body: 200 for go; else 409 with the reason as text, which Flagger
// shows, and 503, which it repeats, only while nothing is known that is not too old. The service is
// metadata.service, or `service` of the query, or the canary's name; the deploy is
// metadata.deploy_id or the checksum.
Answer answer_flagger(const Request& request, const std::shared_ptr<const Page>& page, Mono now);

// The same of Flagger's rollback hook, where 200 means "roll back now": only for rollback. All else
// is 409.
Answer answer_flagger_rollback(const Request& request, const std::shared_ptr<const Page>& page,
                               Mono now);

// {"error": `sentence`} with `status`.
Answer json_refusal(int status, const std::string& sentence);

}  // namespace mse
