// The status as JSON over HTTP.
#pragma once

#include <memory>

#include "exporter/routes.h"

namespace mse {

// GET /api/v1/status[?service=…][&dimension=…][&node=…]: 200 also when it is stale, which it says;
// 404 of a name that is not there, 400 of a parameter that means nothing, both with {"error": …}.
Answer answer_status(const Request& request, const std::shared_ptr<const Page>& page, Mono now);

}  // namespace mse
