// One HTTP exchange over TLS, with a client of any age.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "tests/support/certificates.h"
#include "tests/support/http_client.h"

namespace mse {

struct TlsClient {
  std::optional<KeyPair> identity = std::nullopt;  // shown when the server asks
  int version = 0;            // the only one spoken, as OpenSSL numbers it; 0: any
  bool renegotiates = false;  // after the handshake
};

struct TlsResponse {
  bool shook_hands = false;
  bool renegotiated = false;
  std::string server;  // common name of its certificate
  Response response;
};

TlsResponse tls_exchange(int port, const std::string& bytes, const TlsClient& client = {});

}  // namespace mse
