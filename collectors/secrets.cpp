// Keeps secrets out of fingerprints.
#include "collectors/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "exporter/fingerprint.h"

namespace mse {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// scheme://user:password@…
bool has_url_password(std::string_view value) {
  const auto scheme = value.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto authority = value.substr(scheme + 3);
  const auto at = authority.find('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') < at;
}

}  // namespace

bool is_secret(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 8> kNames{"passw",      "passphrase", "secret",   "token",
                                                   "credential", "conninfo",   "_command", "key"};
  const auto low = lower(name);
  if (low.ends_with("password_encryption")) return false;
  const bool named = std::any_of(kNames.begin(), kNames.end(), [&](std::string_view part) {
    return low.find(part) != std::string::npos;
  });
  return named || lower(value).find("password") != std::string::npos || has_url_password(value);
}

void GuardedParts::add_secret(std::string_view part, const std::vector<Cell>& fields) {
  secret_.add(part, {hmac_hex(hmac_key_, framed(fields))});
}

State GuardedParts::state(std::string_view algorithm) const {
  auto state = state_of(algorithm, open_.digests());
  std::string all;
  for (const auto& [part, digest] : secret_.digests()) {
    auto& known = state.parts[part];
    const bool guarded_twice = !known.empty();
    known += digest;
    if (guarded_twice) known = sha256_hex(known).substr(0, digest.size());
    all += framed({part, digest});
  }
  if (!all.empty()) state.key.secret_digest = hmac_hex(hmac_key_, all);
  return state;
}

}  // namespace mse
