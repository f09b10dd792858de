// Receives one request, has it answered behind the door, and writes the answer.
#include "exporter/front_door_session.h"

#include <asio/write.hpp>
#include <charconv>
#include <utility>

#include "exporter/log.h"
#include "exporter/routes.h"

namespace mse {
namespace {

using asio::ip::tcp;

constexpr Duration kLastWords = std::chrono::seconds(1);
constexpr std::size_t kChunk = 65536;

asio::ip::address unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

// Speaks for somebody else: a proxy's client, or a page in a browser.
bool passes_on(const RequestHead& head) {
  return head.has("Origin") || head.has("Forwarded") || head.has("X-Forwarded-For") ||
         head.has("Via");
}

// Of the whole answer, from its first bytes: room for it is made once, not by doubling it. 0: not
// told there.
std::size_t told_size(std::string_view first) {
  constexpr std::string_view kField = "\r\nContent-Length: ";
  const std::size_t head = first.find("\r\n\r\n");
  const std::size_t field = first.find(kField);
  std::size_t body = 0;
  if (head == first.npos || field >= head) return 0;
  std::from_chars(first.data() + field + kField.size(), first.data() + head, body);
  return head + 4 + body;
}

// A page of another site in a browser: it sends on what the browser knows of a user.
bool is_foreign(const RequestHead& head) {
  const auto origin = head.field("Origin");
  const std::string host(head.field("Host").value_or(""));
  return origin && *origin != "https://" + host && *origin != "http://" + host;
}

// What changes nothing, and waits for nothing but the newest page: the gate's hooks as well.
bool reads_only(const RequestHead& head) {
  return head.method == "GET" || head.method == "HEAD" || head.path().starts_with("/api/v1/gate/");
}

}  // namespace

std::string source_of(const asio::ip::address& address) {
  const auto plain = unmapped(address);
  if (plain.is_v4()) return plain.to_string();
  auto bytes = plain.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

void DoorHall::drop(Places::Id id) {
  const auto found = sessions.find(id);
  if (found != sessions.end()) found->second->drop();
}

DoorSession::DoorSession(DoorHall& hall, Places::Id id, std::string source, tcp::socket socket)
    : hall_(hall),
      id_(id),
      source_(std::move(source)),
      stream_(std::move(socket)),
      inner_(hall.loop),
      deadline_(hall.loop),
      wake_(hall.loop),
      web_(hall.web) {
  const auto address = unmapped(stream_.peer());
  address_ = address.to_string();
  loopback_ = address.is_loopback();
}

void DoorSession::drop() {
  dropped_ = true;
  stream_.close();
  close_inner();
  wake_.cancel();
  deadline_.cancel();
}

void DoorSession::limit(Duration time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const std::error_code& error) {
    const auto self = weak.lock();
    // Set anew while this was on its way.
    if (error || !self || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    self->late();
  });
}

// What has not arrived may still be told so.
void DoorSession::late() {
  if (!arriving_ || late_) return drop();
  late_ = true;
  stream_.cancel();
  limit(kLastWords);
}

asio::awaitable<void> DoorSession::run() {
  // Each result is named: g++ 12 miscompiles a co_await inside a condition.
  limit(hall_.settings.limits.head);
  bool going_on = co_await secure();
  if (going_on) {
    going_on = co_await receive();
  }
  if (going_on) {
    going_on = co_await authorised();
  }
  if (going_on) {
    co_await answer();
  }
  if (!answer_.empty() && !dropped_) {
    co_await deliver();
  }
  stream_.close();
  deadline_.cancel();
}

asio::awaitable<bool> DoorSession::receive() {
  limit(hall_.settings.limits.head);
  const bool has_head = co_await receive_head();
  if (!has_head) co_return false;
  limit(hall_.settings.limits.body);
  const bool has_body = co_await receive_body();
  if (!has_body) co_return false;
  arriving_ = false;
  hall_.places.enter(id_, Phase::working);
  limit(hall_.settings.limits.answer);
  co_return allowed_in() && configured() && within_rate();
}

asio::awaitable<bool> DoorSession::receive_head() {
  for (;;) {
    const bool has_more = co_await read_more();
    if (!has_more) co_return false;
    const auto parsed = parse_request_head(request_);
    if (const auto* wrong = std::get_if<HeadRefused>(&parsed)) {
      refuse(wrong->status, wrong->sentence);
      co_return false;
    }
    if (const auto* head = std::get_if<RequestHead>(&parsed)) {
      head_ = *head;
      co_return true;
    }
  }
}

asio::awaitable<bool> DoorSession::receive_body() {
  const std::size_t whole = head_.size + head_.body;
  while (request_.size() < whole) {
    const bool has_more = co_await read_more();
    if (!has_more) co_return false;
  }
  // What follows is no part of it, and is not answered.
  request_.resize(whole);
  co_return true;
}

asio::awaitable<bool> DoorSession::read_more() {
  // The head's views stay right: there is room for all that may come.
  request_.reserve(kHeadBytes + kBodyBytes + kHeadBytes);
  const std::size_t had = request_.size();
  request_.resize(had + kHeadBytes);
  const auto into = asio::buffer(request_.data() + had, kHeadBytes);
  std::size_t got = 0;
  if (!late_) {
    got = co_await stream_.read(into);
  }
  request_.resize(had + got);
  if (got > 0 && !late_) co_return true;
  if (late_) refuse(408, "The request did not arrive in time.");
  if (!late_ && had > 0) refuse(400, "The request ends before it is complete.");
  co_return false;
}

bool DoorSession::allowed_in() {
  if (!hall_.places.crowded() || head_.path() == hall_.settings.telemetry_path) return true;
  refuse(503, "Too many connections; try again later.");
  return false;
}

// Whom the new rules keep out is not known.
bool DoorSession::configured() {
  if (!hall_.web_broken) return true;
  refuse(500, "The web configuration is wrong; see the log of the exporter.");
  return false;
}

bool DoorSession::within_rate() {
  if (hall_.rate.allows(hall_.web->config.rate_limit, std::chrono::steady_clock::now()))
    return true;
  refuse(429, "Too many requests; see rate_limit of the web configuration.");
  return false;
}

asio::awaitable<void> DoorSession::answer() {
  Turns& turns = reads_only(head_) ? hall_.reads : hall_.changes;
  const bool has_turn = co_await wait_for_turn(turns);
  if (!has_turn) co_return;
  const bool fetched = co_await fetch_in_turn(turns);
  if (fetched || dropped_) co_return;
  hall_.places.release(id_);
  refuse(503, "The answer could not be made.");
}

// False when it was dropped instead.
asio::awaitable<bool> DoorSession::wait_for_turn(Turns& turns) {
  auto go = [self = shared_from_this()] {
    self->my_turn_ = true;
    self->wake_.cancel();
  };
  my_turn_ = false;
  std::error_code woken;
  wake_.expires_at(asio::steady_timer::time_point::max());
  turns.ask(source_, id_, go);
  if (!my_turn_ && !dropped_) {
    co_await wake_.async_wait(told_in(woken));
  }
  if (!dropped_) co_return true;
  if (my_turn_) turns.end(source_);
  turns.withdraw(id_);
  co_return false;
}

asio::awaitable<bool> DoorSession::fetch_in_turn(Turns& turns) {
  const TurnEnd end(turns, source_);
  const bool fetched = co_await fetch();
  close_inner();
  co_return fetched;
}

asio::awaitable<bool> DoorSession::fetch() {
  if (!open_inner()) co_return false;
  const bool connected = co_await connect_inner();
  if (!connected) co_return false;
  co_return co_await take_answer();
}

Caller DoorSession::caller() const {
  const bool trusted = identity_.empty() ? loopback_ && !passes_on(head_) : !is_foreign(head_);
  return {address_, identity_, trusted, web_->config.headers};
}

// Bound before it connects, so that the server behind knows it by its port from the first.
bool DoorSession::open_inner() {
  std::error_code error;
  inner_.open(tcp::v4(), error);
  if (!error) inner_.bind({asio::ip::address_v4::loopback(), 0}, error);
  const auto mine = error ? tcp::endpoint() : inner_.local_endpoint(error);
  if (error) {
    log_limited("front door", std::chrono::steady_clock::now(), LogLevel::error,
                "cannot reach the HTTP server behind the front door", {{"error", error.message()}});
    return false;
  }
  inner_port_ = mine.port();
  hall_.settings.callers->enter(inner_port_, caller());
  return true;
}

asio::awaitable<bool> DoorSession::connect_inner() {
  std::error_code error;
  const tcp::endpoint server(asio::ip::address_v4::loopback(),
                             static_cast<std::uint16_t>(hall_.settings.inner_port));
  co_await inner_.async_connect(server, told_in(error));
  const auto all = asio::buffer(request_);
  if (!error) {
    co_await asio::async_write(inner_, all, told_in(error));
  }
  co_return !error && !dropped_;
}

asio::awaitable<bool> DoorSession::take_answer() {
  std::error_code error;
  std::string chunk(kChunk, '\0');
  const auto into = asio::buffer(chunk);
  while (!error && !dropped_) {
    const std::size_t got = co_await inner_.async_read_some(into, told_in(error));
    if (got == 0 || dropped_) continue;
    hold(got);
    if (answer_.empty()) answer_.reserve(told_size({chunk.data(), got}));
    if (!dropped_) answer_.append(chunk, 0, got);
  }
  const bool whole = error == asio::error::eof && !answer_.empty() && !dropped_;
  if (!whole) answer_.clear();
  co_return whole;
}

void DoorSession::hold(std::size_t bytes) {
  for (const auto id : hall_.places.hold(id_, bytes)) {
    log_limited("front door budget", std::chrono::steady_clock::now(), LogLevel::warn,
                "an HTTP answer was dropped: too many bytes wait for slow clients");
    hall_.drop(id);
  }
}

// Without a second of TIME_WAIT: at hundreds of requests a second they would use up all ports.
void DoorSession::close_inner() {
  if (inner_port_ != 0) hall_.settings.callers->leave(inner_port_);
  inner_port_ = 0;
  std::error_code ignored;
  if (inner_.is_open()) inner_.set_option(asio::socket_base::linger(true, 0), ignored);
  inner_.close(ignored);
}

void DoorSession::refuse(int status, std::string sentence, const HeaderFields& more) {
  if (dropped_) return;
  if (hall_.settings.answered) hall_.settings.answered(status);
  const Answer answer = refusal(status, std::move(sentence));
  HeaderFields fields = *web_->config.headers;
  fields.insert(fields.end(), more.begin(), more.end());
  answer_ = mse::head(answer, fields);
  if (head_.method != "HEAD") answer_ += *answer.body;
}

asio::awaitable<void> DoorSession::deliver() {
  arriving_ = false;
  hall_.places.enter(id_, Phase::writing);
  limit(hall_.settings.limits.write);
  const bool written = co_await stream_.write(answer_);
  answer_ = std::string();
  hall_.places.release(id_);
  if (!written || dropped_) co_return;
  hall_.places.enter(id_, Phase::arriving);
  limit(kLastWords);
  co_await stream_.finish();
}

}  // namespace mse
