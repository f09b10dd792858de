// One client's connection at the front door, from its first byte to its last.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <string>

#include "exporter/front_door.h"
#include "exporter/front_door_stream.h"
#include "exporter/request_head.h"
#include "exporter/turns.h"
#include "exporter/web_setup.h"
#include "exporter/web_users.h"

namespace mse {

class DoorSession;

// What all connections of a door share. On its loop only.
struct DoorHall {
  explicit DoorHall(FrontDoorSettings wanted)
      : settings(std::move(wanted)), places(settings.limits.places) {}

  void drop(Places::Id id);

  FrontDoorSettings settings;
  Places places;
  Turns reads{6}, changes{1};  // requests at the server behind, which has 8 threads
  Turns hashes{1};             // passwords being checked, on `worker`
  VerifiedCredentials verified;
  std::shared_ptr<const WebSetup> web;  // never null
  bool web_broken = false;              // its file was rewritten, and is wrong
  RequestRate rate;
  std::map<Places::Id, std::shared_ptr<DoorSession>> sessions;
  asio::io_context loop{1};  // late: what ends with it still uses the others
  asio::thread_pool worker{1};
};

class DoorSession : public std::enable_shared_from_this<DoorSession> {
 public:
  DoorSession(DoorHall& hall, Places::Id id, std::string source, asio::ip::tcp::socket socket);

  // Until the connection has ended. What is left of it then is for the caller to forget.
  asio::awaitable<void> run();
  // Ends it at once, without an answer.
  void drop();

 private:
  asio::awaitable<bool> secure();
  asio::awaitable<bool> shake_hands();
  bool admits_certificate();
  asio::awaitable<bool> receive();
  asio::awaitable<bool> receive_head();
  asio::awaitable<bool> receive_body();
  asio::awaitable<bool> read_more();
  bool allowed_in();
  bool configured();
  bool within_rate();
  asio::awaitable<bool> authorised();
  asio::awaitable<bool> password_is_right(Credentials credentials, Secret hash);
  asio::awaitable<void> check_password(Credentials credentials, Secret hash);
  asio::awaitable<void> answer();
  asio::awaitable<bool> wait_for_turn(Turns& turns);
  asio::awaitable<bool> fetch_in_turn(Turns& turns);
  asio::awaitable<bool> fetch();
  asio::awaitable<bool> connect_inner();
  asio::awaitable<bool> take_answer();
  asio::awaitable<void> deliver();
  void refuse(int status, std::string sentence, const HeaderFields& more = {});
  void hold(std::size_t bytes);
  Caller caller() const;
  bool open_inner();
  void close_inner();
  void limit(Duration time);
  void late();

  DoorHall& hall_;
  Places::Id id_;
  std::string source_;
  std::string address_;
  bool loopback_ = false;
  ClientStream stream_;
  asio::ip::tcp::socket inner_;
  int inner_port_ = 0;  // of our end
  asio::steady_timer deadline_, wake_;
  std::string request_;  // as it came
  RequestHead head_;     // views into it
  std::string answer_;
  std::shared_ptr<const WebSetup> web_;  // when it came in
  std::string identity_;                 // of a user or verified client certificate
  std::optional<bool> right_;            // the password, once it was checked
  bool arriving_ = true, late_ = false, dropped_ = false, my_turn_ = false;
};

// An address, or its /64 when it is IPv6: what one owner of a network can have without end.
std::string source_of(const asio::ip::address& address);

}  // namespace mse
