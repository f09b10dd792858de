// The HTTP collector: one request to every node, whose answer is a state, a probe or numbers.
#pragma once

#include <memory>
#include <string>

#include "collectors/client/http.h"
#include "collectors/http_measures.h"
#include "collectors/http_selection.h"
#include "exporter/collector.h"

namespace mse {

struct HttpReading {
  HttpSettings connection;
  HttpRequest request;
  std::string dimension;  // empty: measures only
  HttpSelection selection;
  HttpMeasures measures;
};

// The settings of one `collect: - http:` entry, beside those of read_http_settings():
//   dimension (of a probe access_policy; else required, but for measures alone), path (/),
//   method: GET | HEAD, post: a JSON text (makes it a POST), exactly one of status, header, json,
//   regex, body (http_selection.h; optional with probe: true), and measures (http_measures.h).
HttpReading http_reading(Options& options);

// What `answer` says. Pure.
Polled<Report> http_report(const HttpReading& reading, const HttpAnswer& answer,
                           const std::string& hmac_key);

// Its errors are those of options.finish().
Result<std::unique_ptr<Collector>> make_http(Options options);

}  // namespace mse
