// JSON of a node, parsed within budgets, and what it says key by key.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "exporter/collector.h"
#include "exporter/model.h"

namespace mse {

// A document of at most 64 levels and 200,000 values. Failure too_large, or protocol for what is no
// JSON. RFC 8259, without comments.
Polled<nlohmann::json> parse_json(std::string_view text);

// What is at an RFC 6901 pointer; nothing when nothing is there.
const nlohmann::json* find_json(const nlohmann::json& document, const std::string& pointer);

// RFC 6901: empty, or "/" and tokens in which ~ is followed by 0 or 1.
bool is_json_pointer(std::string_view text);

// A text as it is, a number or truth value as JSON spells it; nothing of null, lists and objects.
std::optional<std::string> spelled(const nlohmann::json& value);

// A count: a whole number that is not negative, also one spelled as a text or with a fraction of
// zero.
std::optional<std::uint64_t> count_of(const nlohmann::json& value);

// Whether a name is that of a secret: it holds password, passwd, secret, token, credential,
// private_key, api_key, apikey or access_key, in any case, - read as _.
bool is_secret_name(std::string_view name);

// The state of `value`: a part per leaf, named by its path ("limits/cpu"), so that order and white
// space do not matter. An object in a list stands under its own key, name or id where all in the
// list have one that is unique, else under its place. Members named in `ignore` are left out, at
// any depth. Leaves under the name of a secret go into the secret digest only. Failure too_large:
// over 10,000 parts.
Polled<State> state_of_json(const nlohmann::json& value, const std::set<std::string>& ignore,
                            const std::string& hmac_key);

}  // namespace mse
