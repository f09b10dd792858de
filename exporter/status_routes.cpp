// A filter out of a query.
#include "exporter/status_routes.h"

#include "exporter/gate_routes.h"
#include "exporter/query_string.h"
#include "exporter/status_json.h"

namespace mse {
namespace {

Result<StatusFilter> filter_of(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return tl::unexpected(parameters.error());
  StatusFilter filter;
  for (const auto& [name, value] : *parameters) {
    if (name == "service") {
      filter.service = value;
    } else if (name == "dimension") {
      filter.dimension = value;
    } else if (name == "node") {
      filter.node = value;
    } else {
      return fail("The status is asked with service, dimension and node.");
    }
  }
  return filter;
}

}  // namespace

Answer answer_status(const Request& request, const std::shared_ptr<const Page>& page, Mono now) {
  const auto filter = filter_of(request.query);
  if (!filter) return json_refusal(400, filter.error().message);
  if (!page || !page->snapshot) return document(kJsonType, empty_status_json(), request);
  auto status = status_json(*page->snapshot, *filter, now);
  if (!status) return json_refusal(404, status.error().message);
  return document(kJsonType, *std::move(status), request);
}

}  // namespace mse
