// What follows the "?" of a request: its parameters, decoded.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace mse {

using Parameters = std::map<std::string, std::string, std::less<>>;

// The parameters of `query` ("a=b&c=d%20e", as browsers write it: "+" is a space, a name without
// "=" has an empty value, empty pieces do not count). Their bytes may be anything. Fails, in one
// sentence for whoever sent it, on a broken %-escape, a name that is given twice, and more than 32
// parameters.
Result<Parameters> parse_query(std::string_view query);

// The value of `name`; empty when it was not given.
std::string_view value_of(const Parameters& parameters, std::string_view name);

// `text` as a name or value of a query: all but letters, digits and "-._~" escaped (RFC 3986, 2.3).
std::string query_escaped(std::string_view text);

}  // namespace mse
