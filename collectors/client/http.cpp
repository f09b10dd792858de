// When an HTTP client connects, to which address, and which redirects it follows.
#include "collectors/client/http.h"

#include <algorithm>
#include <utility>

#include "collectors/client/address.h"
#include "collectors/client/http_errors.h"
#include "collectors/client/http_exchange.h"
#include "collectors/client/http_transfer.h"

namespace mse {

namespace {

using Addresses = std::vector<asio::ip::address>;

constexpr std::uint16_t kHttpPort = 80, kHttpsPort = 443;
constexpr std::size_t kAddresses = 4;  // tried at most

tl::unexpected<Failure> too_late() {
  return tl::unexpected(Failure{Reason::deadline, "the server did not answer in time"});
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::uint16_t default_port(const HttpSettings& settings) {
  if (settings.port != 0) return settings.port;
  return settings.tls ? kHttpsPort : kHttpPort;
}

// The name in the URL: what TLS verifies.
std::string name_of(const HttpSettings& settings, const Address& address) {
  if (!settings.tls) return address.host;
  if (!settings.server_name.empty()) return settings.server_name;
  const auto named = parse_address(settings.host, kHttpsPort);
  return named ? named->host : address.host;
}

// Where a node is: the name in the URL, and what it resolved to.
struct Place {
  std::string host;
  std::uint16_t port = 0;
  Addresses addresses;
};

// Another address may do better.
bool may_try_next(Reason reason) {
  return reason == Reason::refused || reason == Reason::unreachable || reason == Reason::deadline;
}

// Until when one of `left` addresses may be tried.
Mono share_of(Mono deadline, std::size_t left) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / static_cast<Duration::rep>(left);
}

Polled<Addresses> permitted(Addresses all, const std::set<std::string>& allowed) {
  std::erase_if(all, [&](const auto& address) {
    return is_link_local(address) && !allowed.contains(address.to_string());
  });
  if (!all.empty()) return all;
  return tl::unexpected(
      Failure{Reason::permission, "the address is link-local; see allow_link_local"});
}

}  // namespace

struct HttpClient::Connection {
  Connection(HttpSettings wanted, std::string where, Environment& process)
      : settings(std::move(wanted)),
        text(std::move(where)),
        environment(process),
        transfer(std::make_shared<HttpTransfer>(process.executor)) {
    sockets.allow_link_local = &settings.allow_link_local;
  }

  static asio::awaitable<Polled<HttpAnswer>> ask(std::shared_ptr<Connection> self,
                                                 HttpRequest request, Mono deadline);
  asio::awaitable<Polled<HttpAnswer>> follow(HttpRequest request, Mono deadline);
  asio::awaitable<Polled<Addresses>> resolve(std::string host, Mono deadline);
  asio::awaitable<Polled<Place>> locate(Mono deadline);
  asio::awaitable<Polled<HttpAnswer>> exchange(const Place* place, const HttpRequest* request,
                                               Mono deadline);
  asio::awaitable<Polled<HttpAnswer>> connect(HttpTarget target, const HttpRequest* request,
                                              Mono deadline);
  asio::awaitable<Polled<HttpAnswer>> transfer_once(HttpExchange* exchange, Mono deadline);
  asio::awaitable<Polled<void>> grant(Mono deadline);

  HttpSettings settings;
  std::string text;  // the address as it was written
  Environment& environment;
  HttpSockets sockets;
  std::optional<asio::ip::address> kept;  // where the idle connection leads
  std::shared_ptr<HttpTransfer> transfer;
  bool closed = false;
};

asio::awaitable<Polled<Addresses>> HttpClient::Connection::resolve(std::string host,
                                                                   Mono deadline) {
  asio::error_code none;
  const auto literal = asio::ip::make_address(host, none);
  if (!none) co_return Addresses(1, literal);
  auto found = co_await environment.resolve(std::move(host), deadline);
  co_return found;
}

asio::awaitable<Polled<Place>> HttpClient::Connection::locate(Mono deadline) {
  const auto address = parse_address(text, default_port(settings));
  if (!address) co_return tl::unexpected(Failure{Reason::internal, address.error().message});
  if (address->local)
    co_return tl::unexpected(Failure{Reason::unsupported, "HTTP over unix sockets is not read"});
  auto found = co_await resolve(address->host, deadline);
  if (!found) co_return tl::unexpected(std::move(found.error()));
  auto addresses = permitted(*std::move(found), settings.allow_link_local);
  if (!addresses) co_return tl::unexpected(std::move(addresses.error()));
  if (addresses->size() > kAddresses) addresses->resize(kAddresses);
  Place place{name_of(settings, *address), address->port, *std::move(addresses)};
  co_return place;
}

asio::awaitable<Polled<void>> HttpClient::Connection::grant(Mono deadline) {
  auto granted = co_await environment.may_connect(deadline);
  sockets.may_open = granted.has_value();
  co_return granted;
}

asio::awaitable<Polled<HttpAnswer>> HttpClient::Connection::transfer_once(HttpExchange* exchange,
                                                                          Mono deadline) {
  sockets.refused = sockets.forbidden = false;
  auto* easy = transfer->handle();
  if (easy == nullptr) co_return too_late();
  exchange->set_up(easy);
  const auto code = co_await HttpTransfer::run(transfer, deadline);
  if (!code || closed) co_return too_late();
  co_return exchange->finish(easy, *code);
}

asio::awaitable<Polled<HttpAnswer>> HttpClient::Connection::connect(HttpTarget target,
                                                                    const HttpRequest* request,
                                                                    Mono deadline) {
  auto granted = co_await grant(deadline);
  if (!granted) co_return tl::unexpected(std::move(granted.error()));
  HttpExchange fresh(settings, target, *request, sockets);
  auto answer = co_await transfer_once(&fresh, deadline);
  if (answer) kept = target.address;
  co_return answer;
}

// An idle connection is tried first; only a new one takes a place of the connect-rate limit.
asio::awaitable<Polled<HttpAnswer>> HttpClient::Connection::exchange(const Place* place,
                                                                     const HttpRequest* request,
                                                                     Mono deadline) {
  sockets.may_open = false;
  const auto& all = place->addresses;
  const auto idle = std::exchange(kept, std::nullopt);
  if (idle && std::find(all.begin(), all.end(), *idle) != all.end()) {
    HttpTarget target{place->host, place->port, *idle};
    HttpExchange again(settings, target, *request, sockets);
    auto answer = co_await transfer_once(&again, deadline);
    if (answer) kept = idle;
    if (!sockets.refused || closed) co_return answer;
  }
  for (std::size_t i = 0;; ++i) {
    const auto left = all.size() - i;
    HttpTarget target{place->host, place->port, all[i]};
    auto answer = co_await connect(std::move(target), request, share_of(deadline, left));
    if (answer || left == 1 || closed || !may_try_next(answer.error().reason)) co_return answer;
  }
}

asio::awaitable<Polled<HttpAnswer>> HttpClient::Connection::follow(HttpRequest request,
                                                                   Mono deadline) {
  auto place = co_await locate(deadline);
  if (!place) co_return tl::unexpected(std::move(place.error()));
  const HttpTarget named{place->host, place->port, place->addresses.front()};
  for (int left = request.redirects;; --left) {
    auto answer = co_await exchange(&*place, &request, deadline);
    if (!answer || !is_redirect(answer->status) || request.redirects == 0) co_return answer;
    if (left == 0) co_return tl::unexpected(Failure{Reason::protocol, "too many redirects"});
    const HttpExchange here(settings, named, request, sockets);
    auto path = path_within(here.url(), answer->headers["location"], settings.host);
    if (!path)
      co_return tl::unexpected(
          Failure{Reason::protocol, "a redirect to elsewhere; its place may hold a token"});
    request.path = *std::move(path);
  }
}

asio::awaitable<Polled<HttpAnswer>> HttpClient::Connection::ask(std::shared_ptr<Connection> self,
                                                                HttpRequest request,
                                                                Mono deadline) {
  if (self->closed) co_return too_late();
  auto answer = co_await self->follow(std::move(request), deadline);
  co_return answer;
}

HttpClient::HttpClient(HttpSettings settings, std::string address, Environment& environment)
    : connection_(
          std::make_shared<Connection>(std::move(settings), std::move(address), environment)) {}

HttpClient::~HttpClient() {
  connection_->closed = true;
  connection_->transfer->close();
}

asio::awaitable<Polled<HttpAnswer>> HttpClient::ask(HttpRequest request, Mono deadline) {
  return Connection::ask(connection_, std::move(request), deadline);
}

}  // namespace mse
