// Keys and certificates made for a test.
#pragma once

#include <chrono>
#include <string>

namespace mse {

// PEM texts.
struct KeyPair {
  std::string certificate, key;
};

struct KeyPairWish {
  std::string common_name;
  std::string alternative_names = "";  // as openssl.cnf has them: "DNS:a,IP:127.0.0.1"
  const KeyPair* issuer = nullptr;     // null: signs itself, and may sign others
  std::chrono::seconds valid_for = std::chrono::hours(1);  // negative: expired
};

KeyPair make_key_pair(const KeyPairWish& wish);

}  // namespace mse
