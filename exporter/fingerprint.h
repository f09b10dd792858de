// Fingerprints of states: SHA-256 over named parts, and keyed digests of secrets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mse {

// SHA-256 of `bytes` in lower-case hex.
std::string sha256_hex(std::string_view bytes);

// HMAC-SHA-256 of `bytes` under `key` in lower-case hex: what a secret is compared by inside the
// process.
std::string hmac_hex(std::string_view key, std::string_view bytes);

// The fingerprint of a state: the first 48 bits of SHA-256 over the algorithm's name and version
// and every part, each field preceded by its length, so that no two part lists read alike. 48 bits
// are exact in a double. Never 0, which stands for an absent dimension.
std::uint64_t fingerprint(std::string_view algorithm,
                          const std::map<std::string, std::string>& parts);

}  // namespace mse
