// The glue between civetweb's threads and the routes.
#include "exporter/server.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "exporter/listen_address.h"
#include "exporter/log.h"
#include "exporter/request_head.h"
#include "exporter/routes.h"

namespace mse {
namespace {

// One thread a connection: a few idle ones must not stop a scrape. Each has a stack of 100 KiB:
// what answers must not recurse as deep as a request says.
constexpr const char* kThreads = "8";
constexpr const char* kRequestTimeoutMs = "5000";
constexpr const char* kRequestBytes = "16384";  // above what the front door lets in

Mono now() {
  return std::chrono::steady_clock::now();
}

std::string_view text_or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

Result<ListenAddress> usable_address(const ServerSettings& settings) {
  if (!settings.telemetry_path.starts_with('/') || settings.telemetry_path.starts_with("/-/")) {
    return fail("telemetry path \"" + settings.telemetry_path +
                "\": expected a path that begins with / and not with /-/");
  }
  auto address = parse_listen_address(settings.listen_address);
  if (address && (address->ipv6 || !address->loopback)) {
    return fail("listen address \"" + settings.listen_address + "\": expected IPv4 loopback");
  }
  return address;
}

// The page that scrapes read while the next is made. Not std::atomic<std::shared_ptr>: g++ 12's
// load does not order its read before the next store, which ThreadSanitizer shows as a race.
class NewestPage {
 public:
  void replace(std::shared_ptr<const Page> page) {
    const std::lock_guard lock(mutex_);
    page_.swap(page);
  }
  std::shared_ptr<const Page> newest() const {
    const std::lock_guard lock(mutex_);
    return page_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Page> page_;
};

class CivetwebServer : public Server {
 public:
  explicit CivetwebServer(ServerSettings settings) : settings_(std::move(settings)) {
    if (settings_.reload) serialise_reloads();
  }
  ~CivetwebServer() override {
    if (context_ != nullptr) mg_stop(context_);
  }
  CivetwebServer(const CivetwebServer&) = delete;
  CivetwebServer& operator=(const CivetwebServer&) = delete;

  Result<void> listen(const ListenAddress& address) {
    const std::string where = address.host + ":" + std::to_string(address.port);
    std::array<const char*, 11> options{"listening_ports",
                                        where.c_str(),
                                        "num_threads",
                                        kThreads,
                                        "request_timeout_ms",
                                        kRequestTimeoutMs,
                                        "max_request_size",
                                        kRequestBytes,
                                        "enable_keep_alive",
                                        "no",
                                        nullptr};
    mg_callbacks callbacks{};
    callbacks.begin_request = &begin_request;
    callbacks.http_error = &http_error;
    callbacks.log_message = &log_message;
    context_ = mg_start(&callbacks, this, options.data());
    if (context_ != nullptr) return {};
    return fail("cannot listen on " + settings_.listen_address + ": " + first_message());
  }

  void publish(std::shared_ptr<const Page> page) override { page_.replace(std::move(page)); }

  int port() const override {
    mg_server_port bound{};
    return mg_get_server_ports(context_, 1, &bound) == 1 ? bound.port : 0;
  }

 private:
  static CivetwebServer& of(const mg_connection* connection) {
    return *static_cast<CivetwebServer*>(mg_get_user_data(mg_get_context(connection)));
  }

  static int begin_request(mg_connection* connection) {
    return guarded([&] { return of(connection).respond(connection); });
  }

  // What civetweb cannot read as a request.
  static int http_error(mg_connection* connection, int status, const char* /*message*/) {
    guarded([&] {
      return of(connection)
          .send(connection, refusal(status, "This request cannot be answered."), true);
    });
    return 0;
  }

  // No exception may reach C; the connection closes without an answer then.
  template <typename Work>
  static int guarded(Work work) {
    try {
      return work();
    } catch (const std::exception& error) {
      log_limited("http", now(), LogLevel::error, "an HTTP request failed",
                  {{"error", error.what()}});
      return 500;
    }
  }

  static int log_message(const mg_connection* connection, const char* message) {
    CivetwebServer& server = of(connection);
    const std::lock_guard lock(server.message_mutex_);
    if (server.message_.empty()) server.message_ = text_or_empty(message);
    return 1;
  }

  int respond(mg_connection* connection) {
    const mg_request_info& info = *mg_get_request_info(connection);
    const auto caller = caller_at(info.remote_port);
    if (!caller) return send(connection, refusal(403, "Ask at the front door."), true);
    const std::string body = body_of(connection, info);
    const Request request{text_or_empty(info.request_method),
                          text_or_empty(info.local_uri),
                          text_or_empty(mg_get_header(connection, "Accept-Encoding")),
                          caller->trusted,
                          text_or_empty(info.query_string),
                          body,
                          caller->identity,
                          caller->address,
                          text_or_empty(mg_get_header(connection, "Content-Type"))};
    const Answer result = answer(request, page_.newest(), settings_, now());
    return send(connection, result, request.method != "HEAD", caller->headers.get());
  }

  // As much as arrives in time of what was announced; the front door lets no more in.
  static std::string body_of(mg_connection* connection, const mg_request_info& info) {
    const auto announced = std::clamp<long long>(info.content_length, 0, kBodyBytes);
    std::string body(static_cast<std::size_t>(announced), '\0');
    std::size_t read = 0;
    while (read < body.size()) {
      const int got = mg_read(connection, body.data() + read, body.size() - read);
      if (got <= 0) break;
      read += static_cast<std::size_t>(got);
    }
    body.resize(read);
    return body;
  }

  std::optional<Caller> caller_at(int port) const {
    return settings_.callers ? settings_.callers->at(port) : Caller{"", "", true, nullptr};
  }

  int send(mg_connection* connection, const Answer& result, bool with_body,
           const HeaderFields* more = nullptr) {
    if (settings_.answered) settings_.answered(result.status);
    const std::string first = more == nullptr ? head(result) : head(result, *more);
    const int sent = mg_write(connection, first.data(), first.size());
    if (with_body && sent == static_cast<int>(first.size())) {
      mg_write(connection, result.body->data(), result.body->size());
    }
    return result.status;
  }

  void serialise_reloads() {
    settings_.reload = [this, reload = std::move(settings_.reload)] {
      const std::lock_guard lock(reload_mutex_);
      return reload();
    };
  }

  std::string first_message() {
    const std::lock_guard lock(message_mutex_);
    return message_.empty() ? "the HTTP library does not say why" : message_;
  }

  ServerSettings settings_;
  NewestPage page_;
  std::mutex reload_mutex_, message_mutex_;
  std::string message_;  // the first that civetweb logged: the cause
  mg_context* context_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings) {
  const auto address = usable_address(settings);
  if (!address) return tl::unexpected(address.error());
  auto server = std::make_unique<CivetwebServer>(std::move(settings));
  if (const auto listening = server->listen(*address); !listening) {
    return tl::unexpected(listening.error());
  }
  return server;
}

}  // namespace mse
