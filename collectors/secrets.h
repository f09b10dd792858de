// Which settings hold secrets, and how secrets are compared.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "collectors/parts.h"

namespace mse {

// Whether a setting may hold a secret: by its name (password, secret, token, key, credential,
// conninfo, and commands, which hold whatever a shell needs), or because the value reads like a
// password in a connection string or URL. Rather one too many: a secret is compared as well, only
// not between exporters.
bool is_secret(std::string_view name, std::string_view value);

// Parts with and without secrets of one state.
class GuardedParts {
 public:
  explicit GuardedParts(std::string hmac_key) : hmac_key_(std::move(hmac_key)) {}

  void add(std::string_view part, const std::vector<Cell>& fields) { open_.add(part, fields); }
  void add_secret(std::string_view part, const std::vector<Cell>& fields);

  // The fingerprint covers what is open only; the secret digest, empty without secrets, is keyed. A
  // part with both has both in its digest.
  State state(std::string_view algorithm) const;

 private:
  std::string hmac_key_;
  Parts open_, secret_;
};

}  // namespace mse
