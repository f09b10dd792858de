// X.509 by OpenSSL's own calls.
#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace mse {
namespace {

template <typename T, typename Free>
std::unique_ptr<T, Free> owned(T* it, Free free) {
  if (it == nullptr) throw std::runtime_error("OpenSSL failed");
  return {it, free};
}

auto memory() {
  return owned(BIO_new(BIO_s_mem()), &BIO_free);
}

std::string bytes_in(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

auto reader(const std::string& pem) {
  return owned(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const auto extension =
      owned(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), &X509_EXTENSION_free);
  X509_add_ext(certificate, extension.get(), -1);
}

void describe(X509* certificate, const KeyPairWish& wish) {
  X509_set_version(certificate, X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_for.count());
  auto* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                             -1, 0);
  if (!wish.alternative_names.empty()) {
    add_extension(certificate, NID_subject_alt_name, wish.alternative_names);
  }
  if (wish.issuer == nullptr) add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
}

void sign(X509* certificate, EVP_PKEY* own_key, const KeyPair* issuer) {
  if (issuer == nullptr) {
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, own_key, EVP_sha256());
    return;
  }
  const auto signer = owned(
      PEM_read_bio_X509(reader(issuer->certificate).get(), nullptr, nullptr, nullptr), &X509_free);
  const auto key =
      owned(PEM_read_bio_PrivateKey(reader(issuer->key).get(), nullptr, nullptr, nullptr),
            &EVP_PKEY_free);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.get()));
  X509_sign(certificate, key.get(), EVP_sha256());
}

}  // namespace

KeyPair make_key_pair(const KeyPairWish& wish) {
  const auto key = owned(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const auto certificate = owned(X509_new(), &X509_free);
  X509_set_pubkey(certificate.get(), key.get());
  describe(certificate.get(), wish);
  sign(certificate.get(), key.get(), wish.issuer);
  const auto written = memory();
  PEM_write_bio_X509(written.get(), certificate.get());
  const auto written_key = memory();
  PEM_write_bio_PrivateKey(written_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {bytes_in(written.get()), bytes_in(written_key.get())};
}

}  // namespace mse
