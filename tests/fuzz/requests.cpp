// Requests of anybody: the first line is the method, the second the path, the third
// the query, the rest Accept-Encoding and the body.
#include "exporter/query_string.h"
#include "exporter/routes.h"

#include "tests/fuzz/support/target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mse;
  auto rest = bytes_of(data, size);
  const auto line = [&] {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto text = rest.substr(0, end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return text;
  };
  Request request;
  request.method = line();
  request.path = line();
  request.query = line();
  request.accept_encoding = rest;
  request.body = rest;
  accepts_gzip(rest);
  if (const auto parameters = parse_query(request.query)) {
    for (const auto& [name, value] : *parameters) {
      const auto again = parse_query(query_escaped(name) + "=" + query_escaped(value));
      must_hold(again && again->at(name) == value, "an escaped parameter is the same");
    }
  }
  const auto said = answer(request, nullptr, {}, Mono{});
  must_hold(said.status >= 200 && said.status < 600, "a status");
  must_hold(head(said).ends_with("\r\n\r\n"), "a head ends");
  return 0;
}
