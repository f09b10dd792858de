// TCP and unix sockets of asio, and OpenSSL over them.
#include "collectors/client/stream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <utility>
#include <vector>

#include "collectors/client/address.h"
#include "exporter/within.h"

namespace mse {
namespace {

using Socket = asio::generic::stream_protocol::socket;
using Endpoint = asio::generic::stream_protocol::endpoint;
using asio::ssl::context;

constexpr std::size_t kChunk = 16U << 10U;

Mono now() {
  return std::chrono::steady_clock::now();
}

Failure tls_failure(std::string text) {
  text += " (set tls: {ca_file: …}, or tls: {mode: off} to go without encryption)";
  return {Reason::tls, std::move(text)};
}

bool is_tls(const std::error_code& error) {
  return error.category() == asio::error::get_ssl_category() ||
         error.category() == asio::ssl::error::get_stream_category();
}

tl::unexpected<Failure> failed(const std::error_code& error) {
  if (error == asio::ssl::error::stream_truncated) {
    return tl::unexpected(Failure{Reason::reset, "the server hung up"});
  }
  if (is_tls(error)) return tl::unexpected(tls_failure(error.message()));
  return tl::unexpected(Failure{reason_of(error).value_or(Reason::internal), error.message()});
}

// Another address may do better; a certificate that is wrong will be wrong again.
bool may_try_next(Reason reason) {
  return reason == Reason::refused || reason == Reason::unreachable || reason == Reason::reset ||
         reason == Reason::deadline;
}

std::error_code load_files(context& tls, const StreamSettings& settings) {
  std::error_code error;
  settings.ca_file.empty() ? tls.set_default_verify_paths(error)
                           : tls.load_verify_file(settings.ca_file, error);
  if (error || settings.cert_file.empty()) return error;
  tls.use_certificate_chain_file(settings.cert_file, error);
  if (!error) tls.use_private_key_file(settings.key_file, context::pem, error);
  return error;
}

// Names the host for the server and for the check of its certificate.
bool name_host(SSL* ssl, const std::string& host, bool is_checked) {
  std::error_code no_ip;
  asio::ip::make_address(host, no_ip);
  if (!no_ip) {
    return !is_checked || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // What the macro SSL_set_tlsext_host_name does, without its cast.
  std::string name = host;
  if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1) {
    return false;
  }
  return !is_checked || SSL_set1_host(ssl, host.c_str()) == 1;
}

std::string certificate_error(SSL* ssl, const std::error_code& error) {
  const auto verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK) return error.message();
  return error.message() + ": " + X509_verify_cert_error_string(verdict);
}

asio::awaitable<Polled<std::vector<asio::ip::address>>> addresses_of(Environment* environment,
                                                                     std::string host,
                                                                     Mono deadline) {
  std::error_code no_literal;
  const auto literal = asio::ip::make_address(host, no_literal);
  if (!no_literal) co_return std::vector<asio::ip::address>(1, literal);
  co_return co_await environment->resolve(std::move(host), deadline);
}

}  // namespace

struct Stream::Wire {
  explicit Wire(const asio::any_io_executor& executor)
      : socket(executor), encryption(context::tls_client) {}

  void close() {
    std::error_code ignored;
    socket.close(ignored);
  }

  Socket socket;
  context encryption;
  std::optional<asio::ssl::stream<Socket&>> tls;
};

// All that one attempt to connect uses, so that it can be left to itself.
struct Stream::Connecting {
  WirePtr wire;
  Endpoint endpoint;
  std::string host;
  StreamTls tls = StreamTls::off;
  StreamSettings settings;
};

namespace {

template <typename Connecting>
Polled<void> prepare_tls(const Connecting& to) {
  auto& wire = *to.wire;
  wire.encryption.set_options(context::default_workarounds | context::no_tlsv1 |
                              context::no_tlsv1_1);
  wire.encryption.set_verify_mode(asio::ssl::verify_peer);
  if (const auto error = load_files(wire.encryption, to.settings)) {
    return tl::unexpected(tls_failure("the certificate files: " + error.message()));
  }
  wire.tls.emplace(wire.socket, wire.encryption);
  if (!name_host(wire.tls->native_handle(), to.host, to.tls == StreamTls::verify_full)) {
    return tl::unexpected(tls_failure("the host cannot be named in TLS"));
  }
  return {};
}

}  // namespace

asio::awaitable<Polled<Stream::WirePtr>> Stream::connect(Connecting to) {
  std::error_code error;
  co_await to.wire->socket.async_connect(to.endpoint,
                                         asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failed(error);
  if (to.tls == StreamTls::off) co_return std::move(to.wire);
  if (auto ready = prepare_tls(to); !ready) co_return tl::unexpected(std::move(ready.error()));
  co_await to.wire->tls->async_handshake(asio::ssl::stream_base::client,
                                         asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::move(to.wire);
  if (error == asio::ssl::error::stream_truncated || !is_tls(error)) co_return failed(error);
  co_return tl::unexpected(tls_failure(certificate_error(to.wire->tls->native_handle(), error)));
}

Stream::Stream(StreamSettings settings, std::string address, Environment& environment)
    : settings_(std::move(settings)), address_(std::move(address)), environment_(environment) {}

Stream::~Stream() {
  close();
}

void Stream::close() {
  if (wire_) wire_->close();
  wire_.reset();
}

bool Stream::is_open() const {
  return wire_ != nullptr;
}

bool Stream::is_quiet() const {
  if (!wire_) return false;
  char byte = 0;
  const auto size =
      recv(wire_->socket.native_handle(), &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

// Where the stream may be opened, in the order to try.
asio::awaitable<Polled<std::vector<Stream::Connecting>>> Stream::places(Mono deadline) {
  const auto address = parse_address(address_, settings_.port);
  if (!address) co_return tl::unexpected(Failure{Reason::internal, address.error().message});
  Connecting to;
  to.host = address->host;
  to.settings = settings_;
  to.tls = settings_.tls.value_or(StreamTls::off);
  if (address->local) {
    to.endpoint = asio::local::stream_protocol::endpoint(address->host);
    co_return std::vector<Connecting>(1, to);
  }
  auto addresses = co_await addresses_of(&environment_, address->host, deadline);
  if (!addresses) co_return tl::unexpected(std::move(addresses.error()));
  std::vector<Connecting> all;
  for (const auto& ip : *addresses) {
    if (!settings_.tls) to.tls = ip.is_loopback() ? StreamTls::off : StreamTls::verify_full;
    to.endpoint = asio::ip::tcp::endpoint(ip, address->port);
    all.push_back(to);
  }
  co_return all;
}

asio::awaitable<Polled<void>> Stream::open(Mono deadline) {
  close();
  auto all = co_await places(deadline);
  if (!all) co_return tl::unexpected(std::move(all.error()));
  Polled<WirePtr> wire = tl::unexpected(Failure{Reason::dns, "the name has no addresses"});
  for (std::size_t i = 0; i < all->size(); ++i) {
    auto allowed = co_await environment_.may_connect(deadline);
    if (!allowed) co_return tl::unexpected(std::move(allowed.error()));
    const auto share = (deadline - now()) / static_cast<int>(all->size() - i);
    (*all)[i].wire = std::make_shared<Wire>(environment_.executor);
    auto attempt = connect((*all)[i]);
    wire = co_await within(now() + share, std::move(attempt));
    if (wire || !may_try_next(wire.error().reason)) break;
  }
  if (!wire) co_return tl::unexpected(std::move(wire.error()));
  wire_ = *std::move(wire);
  co_return Polled<void>();
}

asio::awaitable<Polled<void>> Stream::write(std::string bytes) {
  const auto wire = wire_;
  if (!wire) co_return tl::unexpected(Failure{Reason::reset, "the connection is closed"});
  std::error_code error;
  const auto buffer = asio::buffer(bytes);
  if (wire->tls) {
    co_await asio::async_write(*wire->tls, buffer,
                               asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await asio::async_write(wire->socket, buffer,
                               asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) co_return failed(error);
  co_return Polled<void>();
}

asio::awaitable<Polled<std::string>> Stream::read() {
  const auto wire = wire_;
  if (!wire) co_return tl::unexpected(Failure{Reason::reset, "the connection is closed"});
  std::error_code error;
  std::string bytes(kChunk, '\0');
  const auto buffer = asio::buffer(bytes);
  std::size_t size = 0;
  if (wire->tls) {
    size = co_await wire->tls->async_read_some(buffer,
                                               asio::redirect_error(asio::use_awaitable, error));
  } else {
    size = co_await wire->socket.async_read_some(buffer,
                                                 asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) co_return failed(error);
  bytes.resize(size);
  co_return bytes;
}

}  // namespace mse
