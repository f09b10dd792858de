// The fields of a change.
#include "exporter/change_json.h"

#include <nlohmann/json.hpp>

#include "exporter/time_text.h"

namespace mse {

using nlohmann::json;

json change_json(const std::string& service, const std::string& dimension,
                 const ChangeView& change) {
  return {{"service", service},
          {"dimension", dimension},
          {"declared", change.declared},
          {"deploy_id", change.deploy_id},
          {"cause", change.cause},
          {"from", change.from},
          {"to", change.to},
          {"started", format_timestamp(change.started)},
          {"deadline", format_timestamp(change.deadline)},
          {"open", change.open},
          {"outcome", change.outcome ? json(std::string(name(*change.outcome))) : json()},
          {"converged_ratio", change.converged_ratio}};
}

std::string json_text(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mse
