// SHA-256 and HMAC by OpenSSL, and the framing of what is hashed.
#include "exporter/fingerprint.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <memory>
#include <stdexcept>

namespace mse {
namespace {

using Digest = std::string;  // 32 raw bytes

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

Digest sha256(std::string_view bytes) {
  // Looking the algorithm up and making a context cost more than hashing what is short.
  static EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest out(SHA256_DIGEST_LENGTH, '\0');
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  if (kind == nullptr || context == nullptr ||
      EVP_DigestInit_ex2(context.get(), kind, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), to, nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute SHA-256");
  }
  return out;
}

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : digest) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
  return out;
}

void append_field(std::string& to, std::string_view field) {
  to += std::to_string(field.size());
  to += ':';
  to += field;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}

std::string hmac_hex(std::string_view key, std::string_view bytes) {
  Digest out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr) {
    throw std::runtime_error("OpenSSL could not compute HMAC-SHA-256");
  }
  out.resize(size);
  return hex(out);
}

std::uint64_t fingerprint(std::string_view algorithm,
                          const std::map<std::string, std::string>& parts) {
  std::string framed;
  append_field(framed, algorithm);
  for (const auto& [part, value] : parts) {
    append_field(framed, part);
    append_field(framed, value);
  }
  const Digest digest = sha256(framed);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 6; ++i) out = out << 8U | static_cast<unsigned char>(digest[i]);
  return out == 0 ? 1 : out;
}

}  // namespace mse
