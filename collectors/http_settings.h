// How a node is reached over HTTP: the settings that the http and prometheus collectors share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/client/http.h"
#include "exporter/options.h"

namespace mse {

// port (of addresses that name none: 80, with TLS 443), scheme: http | https (https where `tls` is
// there; must be said where secrets are sent), tls: {ca_file, cert_file, key_file, server_name},
// host (Host header, SNI and the certificate's name; for nodes at fixed addresses), headers: {Name:
// value} (a secret one as ${ENV}), bearer_token or bearer_token_file, user with password or
// password_file, allow_link_local: [addresses].
HttpSettings read_http_settings(Options& options);

// The path with its query at `key`, else `otherwise`. Paths are shown in logs and by `grants`: a
// parameter of a secret's name (is_secret_name) is refused.
std::string read_http_path(Options& options, std::string_view key, std::string_view otherwise);

// The settings as fields of a connection key; secrets too, so show only its digest.
std::map<std::string, std::string> key_fields(const HttpSettings& settings);

}  // namespace mse
