// One request on a connection of its own.
#include "collectors/url_source.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "collectors/client/http.h"
#include "collectors/client/http_errors.h"

namespace mse {

namespace {

constexpr std::uint64_t kBudget = 64U << 10U;
constexpr int kRedirects = 3;

// A URL taken apart, for a client and its request.
struct Parts {
  HttpSettings settings;
  std::string address;
  HttpRequest request;
};

Parts parts_of(const UrlSource& source) {
  constexpr std::string_view kMark = "://";
  const auto mark = std::min(source.url.find(kMark), source.url.size());
  const auto rest = source.url.substr(std::min(mark + kMark.size(), source.url.size()));
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  Parts parts;
  parts.settings.tls = source.url.substr(0, mark) == "https";
  parts.settings.ca_file = source.ca_file;
  parts.settings.bearer_token = source.bearer_token;
  parts.address = rest.substr(0, slash);
  parts.request.path = rest.substr(slash);
  if (!parts.request.path.starts_with('/')) parts.request.path.insert(0, "/");
  parts.request.body_budget = kBudget;
  return parts;
}

}  // namespace

asio::awaitable<Polled<void>> send_url(std::shared_ptr<Environment> environment, UrlSource source,
                                       std::string body, Mono deadline) {
  auto [settings, address, request] = parts_of(source);
  request.method = HttpRequest::Method::post;
  request.body = std::move(body);
  HttpClient client(std::move(settings), std::move(address), *environment);
  auto answer = co_await client.ask(std::move(request), deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  if (answer->status < 200 || answer->status >= 300)
    co_return tl::unexpected(status_failure(answer->status));
  co_return Polled<void>();
}

asio::awaitable<Polled<std::string>> fetch_url(std::shared_ptr<Environment> environment,
                                               UrlSource source, Mono deadline) {
  auto [settings, address, request] = parts_of(source);
  request.redirects = kRedirects;
  HttpClient client(std::move(settings), std::move(address), *environment);
  auto answer = co_await client.ask(std::move(request), deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  if (answer->status < 200 || answer->status >= 300)
    co_return tl::unexpected(status_failure(answer->status));
  co_return std::move(answer->body);
}

}  // namespace mse
