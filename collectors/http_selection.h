// Which part of an HTTP answer is a node's state.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <set>
#include <string>

#include "collectors/client/http.h"
#include "exporter/options.h"
#include "exporter/report.h"

namespace mse {

struct HttpSelection {
  enum class What { nothing, status, header, json, regex, body };

  What what = What::nothing;
  std::string name;                  // of header, in lower case; the pointer of json
  std::shared_ptr<const RE2> regex;  // its first group is the state
  std::set<std::string> ignore;      // members of JSON that are left out
  bool probe = false;                // the status is part of the state

  bool needs_body() const { return what >= What::json; }
};

// Settings, exactly one: status: true, header: X-Version, json: /pointer, regex: "v([0-9]+)", body:
// true; with ignore: [names] of JSON's members.
HttpSelection read_http_selection(Options& options);

// The state of `answer`. Absent: a success without that header, or without anything at the pointer.
// Unknown unsupported: 404, 405 or 501, unless the status is wanted. Failures: of other statuses as
// status_failure(), of what is no JSON or does not match protocol. A probe takes any status for an
// answer but 408, 429 and 5xx, and adds the value to it only of a success. Text is repaired and at
// most 64 bytes. Pure.
Polled<Reading> read_selection(const HttpSelection& selection, const HttpAnswer& answer,
                               const std::string& hmac_key);

}  // namespace mse
