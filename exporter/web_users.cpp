// bcrypt by libcrypt, digests by OpenSSL.
#include "exporter/web_users.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace mse {
namespace {

constexpr std::size_t kMostRight = 100, kMostWrong = 100;

bool equal(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

// Over length-prefixed parts: no two sets of parts have one digest (CVE-2022-46146 was that).
std::string digest_of(const Credentials& credentials, const Secret& hash) {
  std::string all;
  for (const std::string* part :
       {&credentials.user, &hash.reveal(), &credentials.password.reveal()}) {
    all += std::to_string(part->size()) + ':' + *part;
  }
  std::string digest(32, '\0');
  EVP_Digest(all.data(), all.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  OPENSSL_cleanse(all.data(), all.size());
  return digest;
}

std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace

std::optional<Credentials> basic_credentials(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  const bool basic =
      authorization.size() > kScheme.size() &&
      std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  if (!basic) return std::nullopt;
  auto text = authorization.substr(kScheme.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  auto decoded = base64_decoded(text);
  if (!decoded) return std::nullopt;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos || decoded->find('\0') != std::string::npos) return std::nullopt;
  Credentials result{decoded->substr(0, colon), Secret(decoded->substr(colon + 1))};
  OPENSSL_cleanse(decoded->data(), decoded->size());
  return result;
}

bool verify_password(const Secret& hash, const Secret& password) {
  const auto memory = std::make_unique<crypt_data>();
  const char* made = ::crypt_r(password.reveal().c_str(), hash.reveal().c_str(), memory.get());
  const bool right = made != nullptr && equal(made, hash.reveal());
  OPENSSL_cleanse(memory.get(), sizeof(crypt_data));
  return right;
}

Secret hash_to_check(const std::map<std::string, Secret>& users, const std::string& user) {
  const auto found = users.find(user);
  if (found != users.end()) return found->second;
  constexpr std::size_t kSettings = 7;  // "$2y$10$"
  const std::string settings =
      users.empty() ? "$2y$10$" : users.begin()->second.reveal().substr(0, kSettings);
  return Secret(settings + std::string(53, '.'));
}

std::optional<bool> VerifiedCredentials::known(const Credentials& credentials,
                                               const Secret& hash) const {
  const auto digest = digest_of(credentials, hash);
  const auto right = right_.find(credentials.user);
  if (right != right_.end() && equal(right->second, digest)) return true;
  const bool wrong = std::find(wrong_.begin(), wrong_.end(), digest) != wrong_.end();
  return wrong ? std::optional(false) : std::nullopt;
}

void VerifiedCredentials::remember(const Credentials& credentials, const Secret& hash, bool right) {
  if (right) {
    // Only users that are configured get here: more than the cap is no attack.
    if (right_.size() >= kMostRight && !right_.contains(credentials.user)) right_.clear();
    right_[credentials.user] = digest_of(credentials, hash);
    return;
  }
  wrong_.push_front(digest_of(credentials, hash));
  if (wrong_.size() > kMostWrong) wrong_.pop_back();
}

}  // namespace mse
