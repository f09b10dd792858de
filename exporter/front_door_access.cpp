// Who a client of the front door is: its TLS handshake and certificate, its user and password.
#include <asio/post.hpp>
#include <utility>

#include "exporter/front_door_session.h"
#include "exporter/log.h"
#include "exporter/web_tls.h"

namespace mse {
namespace {

constexpr char kTlsHandshake = 0x16;

}  // namespace

asio::awaitable<bool> DoorSession::secure() {
  if (!web_->tls) co_return true;
  const auto first = co_await stream_.first_byte();
  if (!first || late_) co_return false;
  if (*first != kTlsHandshake) {
    refuse(400, "Client sent an HTTP request to an HTTPS server.");
    co_return false;
  }
  co_return co_await shake_hands();
}

asio::awaitable<bool> DoorSession::shake_hands() {
  const bool done = co_await stream_.handshake(web_->tls);
  if (!done || late_) {
    log_limited("front door tls " + source_, std::chrono::steady_clock::now(), LogLevel::info,
                "a TLS handshake failed", {{"address", address_}, {"error", stream_.error()}});
    co_return false;
  }
  co_return admits_certificate();
}

bool DoorSession::admits_certificate() {
  const auto& tls = *web_->config.tls;
  if (!has_allowed_san(stream_.tls(), tls.client_allowed_sans)) {
    log_limited("front door san " + source_, std::chrono::steady_clock::now(), LogLevel::info,
                "a client certificate carries none of client_allowed_sans",
                {{"address", address_}});
    return false;
  }
  identity_ = verified_client(stream_.tls(), tls.client_auth);
  return true;
}

asio::awaitable<bool> DoorSession::authorised() {
  const auto& users = web_->config.users;
  if (users.empty()) co_return true;
  const HeaderFields challenge{{"WWW-Authenticate", "Basic"}};
  auto credentials = basic_credentials(head_.field("Authorization").value_or(""));
  if (!credentials) {
    refuse(401, "This needs a user and password.", challenge);
    co_return false;
  }
  auto hash = hash_to_check(users, credentials->user);
  identity_ = credentials->user;
  const bool right = co_await password_is_right(std::move(*credentials), std::move(hash));
  if (right && users.contains(identity_)) co_return true;
  refuse(401, "The user or password is wrong.", challenge);
  co_return false;
}

asio::awaitable<bool> DoorSession::password_is_right(Credentials credentials, Secret hash) {
  right_ = hall_.verified.known(credentials, hash);
  if (!right_) {
    const bool my_turn = co_await wait_for_turn(hall_.hashes);
    if (!my_turn) co_return false;
    right_ = hall_.verified.known(credentials, hash);  // somebody before may have asked the same
    if (right_) {
      hall_.hashes.end(source_);
    } else {
      co_await check_password(std::move(credentials), std::move(hash));
    }
  }
  co_return right_.value_or(false) && !dropped_;
}

// On the worker: it takes a tenth of a second and more. The turn ends when the work does, also
// when this connection is gone by then.
asio::awaitable<void> DoorSession::check_password(Credentials credentials, Secret hash) {
  auto done = [self = shared_from_this(), credentials, hash](bool right) {
    self->hall_.hashes.end(self->source_);
    self->hall_.verified.remember(credentials, hash, right);
    self->right_ = right;
    self->wake_.cancel();
  };
  // Hands `done` back whole: a connection ends on its loop's thread only.
  auto check = [&loop = hall_.loop, credentials, hash, done = std::move(done)]() mutable {
    const bool right = verify_password(hash, credentials.password);
    asio::post(loop, [done = std::move(done), right] { done(right); });
  };
  asio::post(hall_.worker, std::move(check));
  std::error_code woken;
  wake_.expires_at(asio::steady_timer::time_point::max());
  co_await wake_.async_wait(told_in(woken));
}

}  // namespace mse
