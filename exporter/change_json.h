// A change as JSON: what the changes API lists, and what a notice tells.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "exporter/snapshot.h"

namespace mse {

// {service, dimension, declared, deploy_id, cause, from, to, started, deadline, open, outcome,
// converged_ratio}; times are RFC 3339, the outcome of an open one is null.
nlohmann::json change_json(const std::string& service, const std::string& dimension,
                           const ChangeView& change);

// The text of a JSON value; what is no UTF-8 in it is replaced.
std::string json_text(const nlohmann::json& value);

}  // namespace mse
