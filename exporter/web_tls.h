// A TLS server of OpenSSL, made of the web configuration.
#pragma once

#include <openssl/ssl.h>

#include <asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "exporter/web_config.h"

namespace mse {

// Reads the files that `tls` names. No renegotiation, no resumption, HTTP/1.1 only. An error names
// the file and what is wrong with it, never its content.
Result<std::shared_ptr<asio::ssl::context>> make_tls_context(const WebTls& tls);

// Whether the client's certificate, when there is one, carries one of `allowed` (DNS name, IP
// address, e-mail address or URI, exactly); also true when `allowed` is empty.
bool has_allowed_san(const SSL* connection, const std::vector<std::string>& allowed);

// The common name (else the first alternative name) of a client certificate that was verified;
// empty when there is none.
std::string verified_client(const SSL* connection, ClientAuth policy);

}  // namespace mse
