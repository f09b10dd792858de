// Routes, headers, and the negotiation of gzip.
#include "exporter/routes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "exporter/announcing.h"
#include "exporter/gate_routes.h"
#include "exporter/request_head.h"
#include "exporter/status_page.h"
#include "exporter/status_routes.h"
#include "exporter/text.h"
#include "exporter/time_text.h"

namespace mse {
namespace {

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

constexpr std::array<std::pair<int, std::string_view>, 15> kReasonPhrases{{
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kUsualFields{{
    {"Vary", "Accept-Encoding"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
}};

std::string_view phrase(int status) {
  for (const auto& [code, text] : kReasonPhrases) {
    if (code == status) return text;
  }
  return "Error";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What is before `separator`; `text` keeps what is after it.
std::string_view next(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view first = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(first);
}

Answer plain(std::string sentence) {
  Answer result;
  result.body = std::make_shared<const std::string>(std::move(sentence) + "\n");
  return result;
}

Answer only(std::string_view methods) {
  Answer result = refusal(405, "This address answers " + std::string(methods) + ".");
  result.allow = methods;
  return result;
}

// Shares the page: its bytes live as long as the answer.
std::shared_ptr<const std::string> part(const std::shared_ptr<const Page>& page,
                                        const std::string& bytes) {
  return {page, &bytes};
}

// What was asked of whom.
struct Asked {
  const Request& request;
  const std::shared_ptr<const Page>& page;
  const ServerSettings& settings;
  Mono now;
};

Answer metrics(const Asked& asked) {
  const auto& [request, page, settings, now] = asked;
  if (!page) return refusal(503, *staleness(page, now));
  Answer result;
  result.type = kMetricsType;
  if (staleness(page, now)) {
    result.body = part(page, page->self_metrics);
  } else {
    result.gzip = accepts_gzip(request.accept_encoding);
    result.body = part(page, result.gzip ? page->metrics_gzip() : page->metrics);
  }
  return result;
}

Answer healthy(const Asked&) {
  return plain("Healthy.");
}

Answer ready(const Asked& asked) {
  const auto& page = asked.page;
  if (const auto reason = staleness(page, asked.now)) return refusal(503, *reason);
  if (page->incomplete > 0) {
    return refusal(503,
                   "The first round is incomplete; services that wait for a node's first poll: " +
                       std::to_string(page->incomplete) + ".");
  }
  return plain("Ready.");
}

Answer reload(const Asked& asked) {
  const ServerSettings& settings = asked.settings;
  if (!settings.reload) {
    return refusal(403,
                   "Reloading over HTTP is off; start with --web.enable-lifecycle, or send "
                   "SIGHUP.");
  }
  if (!asked.request.trusted) {
    return refusal(
        403,
        "Reloading over HTTP needs a user or client certificate of --web.config.file, or "
        "a caller on this machine that speaks for itself.");
  }
  const Result<void> done = settings.reload();
  return done ? plain("Reloaded.") : refusal(400, done.error().message);
}

Answer status(const Asked& asked) {
  const auto question = parse_status_question(asked.request.query);
  if (!question) return refusal(400, question.error().message);
  StatusMoment moment{nullptr, staleness(asked.page, asked.now), asked.now,
                      asked.settings.telemetry_path, MSE_VERSION};
  if (asked.page) moment.snapshot = asked.page->snapshot.get();
  StatusPage page = status_page(*question, moment);
  Answer result = document(kHtmlType, std::move(page.html), asked.request);
  result.status = page.status;
  result.fields = {{"Content-Security-Policy", status_policy()}};
  if (question->refresh.count() > 0)
    result.fields.emplace_back("Refresh", std::to_string(question->refresh.count()));
  return result;
}

Answer status_as_json(const Asked& asked) {
  return answer_status(asked.request, asked.page, asked.now);
}

Answer gate(const Asked& asked) {
  return answer_gate(asked.request, asked.page, asked.now);
}

Answer flagger(const Asked& asked) {
  return answer_flagger(asked.request, asked.page, asked.now);
}

Answer flagger_rollback(const Asked& asked) {
  return answer_flagger_rollback(asked.request, asked.page, asked.now);
}

template <AnnouncementKind kind>
Answer of_kind(const Asked& asked) {
  return announcements(kind, asked.request, asked.page, asked.settings);
}

template <AnnouncementKind kind>
Answer one_of_kind(const Asked& asked) {
  const auto path = asked.request.path;
  return announcement(kind, path.substr(path.rfind('/') + 1), asked.request, asked.settings);
}

Answer flagger_change(const Asked& asked) {
  return flagger_event(asked.request, asked.page, asked.settings);
}

// Every address but the telemetry path, which the operator chooses.
struct Route {
  std::string_view path, methods;
  Answer (*answer)(const Asked& asked);
};
constexpr std::string_view kReads = "GET, HEAD";
constexpr std::string_view kReadsAndPost = "GET, HEAD, POST";
constexpr std::array<Route, 14> kRoutes{{
    {"/", kReads, status},
    {"/-/healthy", kReads, healthy},
    {"/-/ready", kReads, ready},
    {"/-/reload", "POST", reload},
    {"/api/v1/status", kReads, status_as_json},
    {"/api/v1/gate", kReads, gate},
    {"/api/v1/gate/flagger", "POST", flagger},
    {"/api/v1/gate/flagger/rollback", "POST", flagger_rollback},
    {"/api/v1/changes", kReadsAndPost, of_kind<AnnouncementKind::change>},
    {"/api/v1/changes/flagger", "POST", flagger_change},
    {"/api/v1/acknowledgements", kReadsAndPost, of_kind<AnnouncementKind::acknowledgement>},
    {"/api/v1/acknowledgements/", "DELETE", one_of_kind<AnnouncementKind::acknowledgement>},
    {"/api/v1/holds", kReadsAndPost, of_kind<AnnouncementKind::hold>},
    {"/api/v1/holds/", "DELETE", one_of_kind<AnnouncementKind::hold>},
}};

// An address that ends with a slash, but the first, is that of what is named behind it.
bool is_at(std::string_view address, std::string_view path) {
  if (address == "/" || !address.ends_with('/')) return address == path;
  return path.size() > address.size() && path.starts_with(address) &&
         path.find('/', address.size()) == std::string_view::npos;
}

std::optional<Route> route_of(std::string_view path, const ServerSettings& settings) {
  if (path == settings.telemetry_path) return Route{path, kReads, metrics};
  for (const Route& route : kRoutes) {
    if (is_at(route.path, path)) return route;
  }
  return std::nullopt;
}

// Whether `method` is one of `methods`, as an Allow header lists them.
bool is_one_of(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    if (next(methods, ',') == method) return true;
  }
  return false;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool has_field(const HeaderFields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [name](const auto& field) { return same_name(field.first, name); });
}

// "q=0", "q=0.000": the only weights that forbid.
bool forbids(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string parameter = lower(next(parameters, ';'));
    if (parameter.starts_with("q=")) {
      return parameter.size() > 2 && parameter.find_first_not_of("0.", 2) == std::string::npos;
    }
  }
  return false;
}

}  // namespace

Answer refusal(int status, std::string sentence) {
  Answer result = plain(std::move(sentence));
  result.status = status;
  return result;
}

std::optional<std::string> staleness(const std::shared_ptr<const Page>& page, Mono now) {
  if (!page) return "Nothing has been evaluated yet.";
  const Duration age = now - page->at;
  if (age <= page->stale_after) return std::nullopt;
  return "The newest snapshot is " + format_duration(age) + " old, more than " +
         format_duration(page->stale_after) + ".";
}

Answer document(std::string_view type, std::string body, const Request& request) {
  Answer result;
  result.type = type;
  result.gzip = accepts_gzip(request.accept_encoding);
  result.body = std::make_shared<const std::string>(result.gzip ? gzip(body) : std::move(body));
  return result;
}

Answer answer(const Request& request, const std::shared_ptr<const Page>& page,
              const ServerSettings& settings, Mono now) {
  const auto route = route_of(request.path, settings);
  if (!route) return refusal(404, "There is nothing here.");
  if (!is_one_of(route->methods, request.method)) return only(route->methods);
  return route->answer({request, page, settings, now});
}

std::string head(const Answer& answer, const HeaderFields& more) {
  std::string result = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  result.append(phrase(answer.status)).append("\r\nContent-Type: ").append(answer.type);
  result.append("\r\nContent-Length: ").append(std::to_string(answer.body->size()));
  if (answer.gzip) result.append("\r\nContent-Encoding: gzip");
  if (!answer.allow.empty()) result.append("\r\nAllow: ").append(answer.allow);
  const auto add = [&result](std::string_view name, std::string_view value) {
    result.append("\r\n").append(name).append(": ").append(value);
  };
  for (const auto& [name, value] : kUsualFields) {
    if (!has_field(answer.fields, name) && !has_field(more, name)) add(name, value);
  }
  for (const auto& [name, value] : answer.fields) {
    if (!has_field(more, name)) add(name, value);
  }
  for (const auto& [name, value] : more) add(name, value);
  result += "\r\nConnection: close\r\n\r\n";
  return result;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view coding = next(accept_encoding, ',');
    const std::string name = lower(next(coding, ';'));
    if (name == "gzip" || name == "x-gzip") return !forbids(coding);
    if (name == "*") any = !forbids(coding);
  }
  return any;
}

}  // namespace mse
