// What one part of the configuration says of another, checked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/load_config.h"
#include "exporter/load_service.h"
#include "exporter/nearest.h"

namespace mse {

// What was read and is right within itself. Each settings object remembers what is found wrong.
struct Draft {
  Options root;
  Cadences cadences;
  std::vector<ServiceDraft> services;
  std::vector<Maintenance> maintenance;
  std::vector<Acknowledgement> allow;
  std::optional<ChangeWebhook> change_webhook;
};

// Names that must be unique, names that must exist, cadences that must fit.
void check_names(Draft& draft);
void check_cadences(Draft& draft);

// What can be told only with the collectors: the dimensions they read (given back), whether two
// nodes are one, whether lag can be measured within its objective.
Words check_collectors(ServiceDraft& service, const std::vector<CollectEntry>& collect,
                       Draft& draft);
// The dimensions of the top level's allowances, by the services they are of.
void check_allowed_dimensions(Draft& draft, const std::map<std::string, Words>& dimensions);

}  // namespace mse
