// The page at /: who is not in the state it should be, since when and why, as HTML without scripts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"
#include "exporter/snapshot.h"

namespace mse {

// Which view is asked for: every one has an address.
struct StatusQuestion {
  std::string service;             // empty: all of them
  std::string dimension, node;     // of the service; empty: all
  std::size_t from = 0;            // rows (of services or nodes) before this one are left out
  std::chrono::seconds refresh{};  // 0: when the reader asks
};

// From what follows the "?": service, dimension, node, from, refresh (seconds, 5 to 3600, or 0);
// others do not count. Fails in one sentence for whoever sent it.
Result<StatusQuestion> parse_status_question(std::string_view query);

// Its address: "/?service=orders&node=pg-1".
std::string status_address(const StatusQuestion& question);

// What a page is made of.
struct StatusMoment {
  const Snapshot* snapshot = nullptr;    // null: nothing has been evaluated yet
  std::optional<std::string> staleness;  // why it is not to be believed, if it is not
  Mono now{};
  std::string_view telemetry_path = "/metrics";
  std::string_view version;
};

struct StatusPage {
  int status = 200;  // 404 for a service, dimension or node that is not in the snapshot
  std::string html;
};

// Pure. Under 300 KB whatever the size of the fleet, unless names are hostile: rows beyond some
// hundred have an address of their own.
StatusPage status_page(const StatusQuestion& question, const StatusMoment& moment);

// The value of the Content-Security-Policy under which it shows as it should: its own style by
// hash, and nothing else.
const std::string& status_policy();

}  // namespace mse
