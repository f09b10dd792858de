// The part tls_server_config of the web configuration.
#pragma once

#include "exporter/web_config.h"

namespace mse {

// Remembers in `options` what is wrong. Nothing for a section that configures nothing.
std::optional<WebTls> read_web_tls(Options options);

}  // namespace mse
