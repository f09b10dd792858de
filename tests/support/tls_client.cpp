// OpenSSL over a blocking socket.
#include "tests/support/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

namespace mse {
namespace {

void show(SSL_CTX* context, const KeyPair& identity) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate(
      BIO_new_mem_buf(identity.certificate.data(), -1), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> key(BIO_new_mem_buf(identity.key.data(), -1),
                                                      &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> read(
      PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> read_key(
      PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  SSL_CTX_use_certificate(context, read.get());
  SSL_CTX_use_PrivateKey(context, read_key.get());
}

std::string server_name(SSL* ssl) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl),
                                                                &X509_free);
  std::array<char, 256> name{};
  if (certificate) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                              name.size());
  }
  return name.data();
}

}  // namespace

TlsResponse tls_exchange(int port, const std::string& bytes, const TlsClient& client) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);
  if (client.version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), client.version);
    SSL_CTX_set_max_proto_version(context.get(), client.version);
  }
  if (client.identity) show(context.get(), *client.identity);
  const Connection connection(port);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), connection.descriptor());
  TlsResponse result;
  result.shook_hands = SSL_connect(ssl.get()) == 1;
  if (result.shook_hands) {
    result.server = server_name(ssl.get());
    if (client.renegotiates) {
      SSL_renegotiate(ssl.get());
      result.renegotiated = SSL_do_handshake(ssl.get()) == 1;
    }
    SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
    std::string answer;
    std::array<char, 65536> buffer{};
    for (int got = 1; got > 0;) {
      got = SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (got > 0) answer.append(buffer.data(), static_cast<std::size_t>(got));
    }
    result.response = parse_response(answer);
  }
  ERR_clear_error();
  return result;
}

}  // namespace mse
