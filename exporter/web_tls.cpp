// Contexts and certificates, with OpenSSL's own calls.
#include "exporter/web_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "exporter/read_file.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* it) const {
    Free(it);
  }
};
using Bio = std::unique_ptr<BIO, Freed<&BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<&GENERAL_NAMES_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>>;

std::string reason() {
  const auto code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "" : std::string(" (") + text + ")";
}

std::string told(const PemSource& source, std::string_view key) {
  return source.file.empty() ? std::string(key) : source.file;
}

Result<Secret> bytes_of(const PemSource& source) {
  if (source.text) return *source.text;
  auto bytes = read_file(source.file, kMostBytes);
  if (!bytes) return tl::unexpected(bytes.error());
  return Secret(std::move(*bytes));
}

Bio reader(const Secret& pem) {
  return Bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
}

std::vector<Certificate> certificates(const Secret& pem) {
  std::vector<Certificate> all;
  const Bio bio = reader(pem);
  while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(next);
  }
  return all;
}

Result<void> use_certificate(SSL_CTX* context, const PemSource& source) {
  const auto pem = bytes_of(source);
  if (!pem) return tl::unexpected(pem.error());
  const auto chain = certificates(*pem);
  ERR_clear_error();  // the end of the file is one to OpenSSL
  if (chain.empty()) return fail(told(source, "cert") + ": expected a certificate in PEM");
  bool used = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
  for (std::size_t i = 1; used && i < chain.size(); ++i) {
    used = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  if (!used) return fail(told(source, "cert") + ": the certificate cannot be used" + reason());
  return {};
}

// Nobody is at a terminal to be asked.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
  return -1;
}

Result<void> use_key(SSL_CTX* context, const PemSource& source) {
  const auto pem = bytes_of(source);
  if (!pem) return tl::unexpected(pem.error());
  const Key key(PEM_read_bio_PrivateKey(reader(*pem).get(), nullptr, &no_passphrase, nullptr));
  if (!key) return fail(told(source, "key") + ": expected a private key in PEM" + reason());
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1) {
    return {};
  }
  return fail(told(source, "key") + ": it is not the certificate's key" + reason());
}

Result<void> use_client_ca(SSL_CTX* context, const PemSource& source) {
  const auto pem = bytes_of(source);
  if (!pem) return tl::unexpected(pem.error());
  const auto all = certificates(*pem);
  ERR_clear_error();
  if (all.empty()) return fail(told(source, "client_ca") + ": expected certificates in PEM");
  for (const auto& each : all) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
    SSL_CTX_add_client_CA(context, each.get());
  }
  return {};
}

int any_certificate(int /*verified*/, X509_STORE_CTX* /*chain*/) {
  return 1;
}

void ask_for_clients(SSL_CTX* context, ClientAuth policy) {
  switch (policy) {
    case ClientAuth::none:
      return SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    case ClientAuth::request:
      return SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &any_certificate);
    case ClientAuth::require_any:
      return SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                                &any_certificate);
    case ClientAuth::verify_if_given:
      return SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    case ClientAuth::require_and_verify:
      return SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                                nullptr);
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) {
    if (!all.empty()) all += ':';
    all += name;
  }
  return all;
}

Result<void> set_algorithms(SSL_CTX* context, const WebTls& tls) {
  // OpenSSL 3 has TLS 1.0 and 1.1 at its lowest security level only.
  const bool old = tls.min_version < TLS1_2_VERSION;
  if (old) SSL_CTX_set_security_level(context, 0);
  const std::string ciphers = tls.cipher_suites.empty()
                                  ? (old ? "DEFAULT:@SECLEVEL=0" : "ECDHE+AESGCM:ECDHE+CHACHA20")
                                  : joined(tls.cipher_suites);
  if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    return fail("cipher_suites: none of them is known here" + reason());
  }
  if (!tls.curves.empty() && SSL_CTX_set1_curves_list(context, joined(tls.curves).c_str()) != 1) {
    return fail("curve_preferences: one of them is not known here" + reason());
  }
  SSL_CTX_set_min_proto_version(context, tls.min_version);
  SSL_CTX_set_max_proto_version(context, tls.max_version);
  return {};
}

void refuse_more_than_needed(SSL_CTX* context, const WebTls& tls) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  if (tls.prefer_server_ciphers) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

std::string text_of(const ASN1_STRING* text) {
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  return {bytes, static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_OCTET_STRING* octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(octets) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(octets) != 16) return "";
  const char* written =
      ::inet_ntop(family, ASN1_STRING_get0_data(octets), text.data(), text.size());
  return written == nullptr ? "" : written;
}

std::vector<std::string> alternative_names(X509* certificate) {
  std::vector<std::string> all;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    const bool is_text = name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI;
    if (is_text) all.push_back(text_of(name->d.ia5));
    if (name->type == GEN_IPADD) all.push_back(address_of(name->d.iPAddress));
  }
  return all;
}

std::string common_name(X509* certificate) {
  auto* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> make_tls_context(const WebTls& tls) {
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail("TLS cannot be set up" + reason());
  auto done = set_algorithms(context.get(), tls);
  if (done) done = use_certificate(context.get(), tls.certificate);
  if (done) done = use_key(context.get(), tls.key);
  if (done && tls.client_ca.given()) done = use_client_ca(context.get(), tls.client_ca);
  if (!done) return tl::unexpected(done.error());
  // As Go does it: without a client_ca the system's authorities vouch.
  if (!tls.client_ca.given()) SSL_CTX_set_default_verify_paths(context.get());
  ask_for_clients(context.get(), tls.client_auth);
  refuse_more_than_needed(context.get(), tls);
  return std::make_shared<asio::ssl::context>(context.release());
}

bool has_allowed_san(const SSL* connection, const std::vector<std::string>& allowed) {
  const Certificate certificate(SSL_get1_peer_certificate(connection));
  if (!certificate || allowed.empty()) return true;
  const auto names = alternative_names(certificate.get());
  return std::any_of(names.begin(), names.end(), [&](const auto& name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  });
}

std::string verified_client(const SSL* connection, ClientAuth policy) {
  const bool verifies =
      policy == ClientAuth::verify_if_given || policy == ClientAuth::require_and_verify;
  const Certificate certificate(SSL_get1_peer_certificate(connection));
  if (!verifies || !certificate || SSL_get_verify_result(connection) != X509_V_OK) return "";
  const auto name = common_name(certificate.get());
  if (!name.empty()) return repaired(name, 128);
  const auto names = alternative_names(certificate.get());
  return names.empty() ? "client certificate" : repaired(names.front(), 128);
}

}  // namespace mse
