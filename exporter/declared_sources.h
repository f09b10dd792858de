// Reads the files in which pipelines declare canonical states and changes, and tells the evaluator.
#pragma once

#include "exporter/config.h"
#include "exporter/declared_urls.h"
#include "exporter/evaluator.h"

namespace mse {

// Reads each literal and file of the settings now, of at most 64 KiB. What cannot be read is logged
// and, for a canonical state, told as unreachable.
void tell_declared(const ServiceSettings& settings, Evaluator& evaluator, Now now);

// Tells what was fetched from a URL, in the same way. What the settings do not name any more is
// dropped.
void tell_fetched(const ServiceSettings& settings, const DeclaredUrls::Place& place,
                  const Polled<std::string>& text, Evaluator& evaluator, Now now);

}  // namespace mse
