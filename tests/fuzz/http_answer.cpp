// Bodies of HTTP answers: as JSON in parts, as a value, as measures; and the same bytes as the
// place that a redirect leads to.
#include "collectors/client/http_exchange.h"
#include "collectors/http.h"
#include "collectors/http_json.h"
#include "tests/fuzz/support/target.h"

namespace {

using namespace mse;

HttpReading reading_of(HttpSelection::What what) {
  HttpReading reading;
  reading.dimension = "v";
  reading.selection.what = what;
  reading.selection.name = "/a";
  reading.selection.ignore = {"at"};
  reading.measures.schema = {{"valid", "/valid"}, {"errors", "/errors"}};
  reading.measures.reconciliation["jobs"] = {{"last_success", "/at"}, {"failed", "/failed"}};
  return reading;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(bytes_of(data, size));
  const HttpAnswer answer{200, {}, bytes};
  for (const auto what : {HttpSelection::What::json, HttpSelection::What::body}) {
    const auto report = http_report(reading_of(what), answer, "key");
    if (!report) continue;
    const auto* state = std::get_if<State>(&report->dimensions.at("v").outcome);
    must_hold(state == nullptr || state->text.size() <= 64 + 12, "the limit of a state's text");
    must_hold(state == nullptr || state->parts.size() <= 10'000, "the budget of parts");
  }
  const auto path = path_within("http://a.test:80/x?y", bytes);
  must_hold(!path || path->starts_with('/'), "a redirect stays within the host");
  return 0;
}
