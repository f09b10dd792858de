// Listening, and keeping who came in.
#include "exporter/front_door.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <thread>
#include <vector>

#include "exporter/front_door_session.h"
#include "exporter/listen_address.h"
#include "exporter/log.h"

namespace mse {
namespace {

using asio::ip::tcp;

constexpr Duration kRestAfterError = std::chrono::milliseconds(100);
constexpr int kAtOnce = 64;

std::vector<tcp::endpoint> endpoints(const ListenAddress& address) {
  const auto port = static_cast<std::uint16_t>(address.port);
  if (!address.host.empty()) return {{asio::ip::make_address(address.host), port}};
  return {{tcp::v6(), port}, {tcp::v4(), port}};
}

class AsioFrontDoor : public FrontDoor {
 public:
  explicit AsioFrontDoor(FrontDoorSettings settings) : hall_(std::move(settings)) {}
  ~AsioFrontDoor() override {
    hall_.loop.stop();
    if (thread_.joinable()) thread_.join();
    hall_.worker.join();
    // Sessions hold themselves alive by what they wait for, which goes with the loop: a turn they
    // wait for must not be more than that.
    for (Turns* turns : {&hall_.reads, &hall_.changes, &hall_.hashes}) turns->forget();
    hall_.sessions.clear();
  }
  AsioFrontDoor(const AsioFrontDoor&) = delete;
  AsioFrontDoor& operator=(const AsioFrontDoor&) = delete;

  Result<void> listen(const ListenAddress& address) {
    std::error_code error;
    for (auto endpoint : endpoints(address)) {
      if (port_ != 0) endpoint.port(static_cast<std::uint16_t>(port_));
      error = listen(endpoint);
      // A system without IPv6 has IPv4 all the same.
      const bool other_left = address.host.empty() && endpoint.protocol() == tcp::v6();
      if (error && !(other_left && error == asio::error::address_family_not_supported)) break;
    }
    if (!error) return {};
    return fail("cannot listen on " + hall_.settings.listen_address + ": " + error.message());
  }

  Result<void> load() {
    auto web = load_web_setup(hall_.settings.web_config_file);
    if (!web) return tl::unexpected(web.error());
    hall_.web = std::move(*web);
    if (hall_.web->config.asks_http2) {
      log(LogLevel::info, "http2 of the web configuration has no effect: HTTP/1.1 is spoken");
    }
    return {};
  }

  void start() {
    if (!hall_.settings.web_config_file.empty()) look_again_later();
    for (auto& acceptor : acceptors_) asio::co_spawn(hall_.loop, accept(acceptor), asio::detached);
    thread_ = std::thread([this] { hall_.loop.run(); });
  }

  int port() const override { return port_; }

 private:
  std::error_code listen(const tcp::endpoint& endpoint) {
    std::error_code error;
    tcp::acceptor acceptor(hall_.loop);
    acceptor.open(endpoint.protocol(), error);
    if (error) return error;
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    acceptor.bind(endpoint, error);
    if (!error) acceptor.non_blocking(true, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    port_ = acceptor.local_endpoint(error).port();
    acceptors_.push_back(std::move(acceptor));
    return error;
  }

  void look_again_later() {
    reread_.expires_after(hall_.settings.limits.reread);
    reread_.async_wait([this](const std::error_code& cancelled) {
      if (cancelled) return;
      look_again();
      look_again_later();
    });
  }

  void look_again() {
    if (stamp_of(hall_.web->files) == hall_.web->stamp) return web_is_right();
    auto web = load_web_setup(hall_.settings.web_config_file);
    if (!web) return web_is_wrong(web.error().message);
    hall_.web = std::move(*web);
    web_is_right();
    log(LogLevel::info, "web configuration reloaded", {{"file", hall_.settings.web_config_file}});
  }

  void web_is_right() {
    hall_.web_broken = false;
    web_error_.clear();
  }

  // Certificates alone may be halfway through a rotation; new rules may be there to keep somebody
  // out. It is read until it is right: what it names may come later.
  void web_is_wrong(const std::string& error) {
    hall_.web_broken = !hall_.web->stamp.starts_with(stamp_of({hall_.settings.web_config_file}));
    if (error == web_error_) return;
    web_error_ = error;
    log(LogLevel::error,
        hall_.web_broken ? "the web configuration is wrong: all requests get 500"
                         : "the new certificates are wrong, the old ones stay",
        {{"error", error}});
  }

  asio::awaitable<void> accept(tcp::acceptor& acceptor) {
    asio::steady_timer rest(hall_.loop);
    for (;;) {
      std::error_code error;
      auto token = asio::redirect_error(asio::use_awaitable, error);
      auto socket = co_await acceptor.async_accept(token);
      if (!error) {
        admit(std::move(socket));
        admit_waiting(acceptor);
        continue;
      }
      log_limited("front door accept", std::chrono::steady_clock::now(), LogLevel::error,
                  "cannot accept a connection", {{"error", error.message()}});
      rest.expires_after(kRestAfterError);
      co_await rest.async_wait(token);
    }
  }

  // Those who came in a flood are let in together: one by one, between the work of all others, a
  // scrape behind them would wait for each.
  void admit_waiting(tcp::acceptor& acceptor) {
    std::error_code error;
    for (int i = 0; i < kAtOnce && !error; ++i) {
      tcp::socket socket(hall_.loop);
      acceptor.accept(socket, error);
      if (!error) admit(std::move(socket));
    }
  }

  void admit(tcp::socket socket) {
    std::error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return;
    const std::string source = source_of(peer.address());
    const Places::Id id = ++last_id_;
    const auto admission = hall_.places.admit(id, source);
    if (admission.dropped) hall_.drop(*admission.dropped);
    if (!admission.admitted || admission.dropped) {
      log_limited("front door full", std::chrono::steady_clock::now(), LogLevel::warn,
                  "too many HTTP connections: some are dropped", {{"address", source}});
    }
    if (admission.admitted) begin(id, source, std::move(socket));
  }

  void begin(Places::Id id, const std::string& source, tcp::socket socket) {
    const auto session = std::make_shared<DoorSession>(hall_, id, source, std::move(socket));
    hall_.sessions[id] = session;
    asio::co_spawn(hall_.loop, session->run(), [this, id, session](const std::exception_ptr&) {
      session->drop();
      hall_.places.leave(id);
      hall_.sessions.erase(id);
    });
  }

  DoorHall hall_;
  std::vector<tcp::acceptor> acceptors_;
  int port_ = 0;
  Places::Id last_id_ = 0;
  asio::steady_timer reread_{hall_.loop};
  std::string web_error_;  // that was last told; empty: it is right
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<FrontDoor>> FrontDoor::start(FrontDoorSettings settings) {
  const auto address = parse_listen_address(settings.listen_address);
  if (!address) return tl::unexpected(address.error());
  auto door = std::make_unique<AsioFrontDoor>(std::move(settings));
  if (const auto loaded = door->load(); !loaded) return tl::unexpected(loaded.error());
  if (const auto listening = door->listen(*address); !listening) {
    return tl::unexpected(listening.error());
  }
  door->start();
  return door;
}

}  // namespace mse
