// Asks a running exporter over HTTP(S), for the commands that do.
#pragma once

#include <functional>
#include <string>

#include "exporter/client.h"

namespace mse {

// A GET that waits for its answer, at most 10 s and 4 MiB, certificates verified; options.user and
// options.ca_file hold for every URL. Fails when the password file cannot be read.
Result<std::function<Result<ClientAnswer>(const std::string& url)>> exporter_asker(
    const ClientOptions& options);

}  // namespace mse
