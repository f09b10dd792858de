// Wipes secrets when they go.
#include <openssl/crypto.h>

#include "exporter/options.h"

namespace mse {

Secret::~Secret() {
  OPENSSL_cleanse(value_.data(), value_.size());
}

}  // namespace mse
