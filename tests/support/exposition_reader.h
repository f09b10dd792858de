// A strict reader of the Prometheus text format: what it accepts, every parser does.
#pragma once

#include <map>
#include <string>

namespace mse {

struct ReadPage {
  std::map<std::string, double> series;      // "name{labels}" as written → value
  std::map<std::string, std::string> types;  // family → type
  std::string error;                         // of the first line that is wrong; empty when none is
};

// Holds, beyond the grammar: valid UTF-8; HELP and TYPE once a family and before its samples; the
// samples of a family together; no series twice; no value that is not a number.
ReadPage read_exposition(const std::string& page);

}  // namespace mse
