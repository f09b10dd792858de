// What the commands that ask a running exporter share. Only for their own files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exporter/client.h"
#include "exporter/json_values.h"

namespace mse {

// What all URLs said at one time.
struct Heard {
  std::vector<Json> answers;            // of 200
  std::vector<std::string> complaints;  // of the others, a line each
  bool refused = false;                 // each said that this is the wrong question

  // How a command ends that has no answer at all.
  int failure() const { return refused ? kExitUsage : kExitUnknown; }
};

// `path` with its query at every URL.
Heard ask_all(const ClientOptions& options, const std::string& path, const Outside& outside);

// A query, "?a=b&c=d", of those that have a value.
std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> parameters);

// A string, whatever else stands there, fit for a terminal; empty when it is none.
std::string text_at(const Json& object, const char* key);
// A list, or an empty one.
Json list_at(const Json& object, const char* key);
// Whether it says true.
bool is_set(const Json& object, const char* key);
// A share as "8.3%", "-" of none.
std::string percent_at(const Json& object, const char* key);
// A count, or 0.
std::size_t count_at(const Json& object, const char* key);

}  // namespace mse
