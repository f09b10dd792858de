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

}  // namespace

asio::awaitable<Polled<std::string>> fetch_url(std::shared_ptr<Environment> environment,
                                               UrlSource source, Mono deadline) {
  constexpr std::string_view kMark = "://";
  const auto mark = std::min(source.url.find(kMark), source.url.size());
  const auto rest = source.url.substr(std::min(mark + kMark.size(), source.url.size()));
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  HttpSettings settings;
  settings.tls = source.url.substr(0, mark) == "https";
  settings.ca_file = source.ca_file;
  settings.bearer_token = source.bearer_token;
  HttpRequest request;
  request.path = rest.substr(slash);
  if (!request.path.starts_with('/')) request.path.insert(0, "/");
  request.redirects = kRedirects;
  request.body_budget = kBudget;
  HttpClient client(std::move(settings), rest.substr(0, slash), *environment);
  auto answer = co_await client.ask(std::move(request), deadline);
  if (!answer) co_return tl::unexpected(std::move(answer.error()));
  if (answer->status < 200 || answer->status >= 300)
    co_return tl::unexpected(status_failure(answer->status));
  co_return std::move(answer->body);
}

}  // namespace mse
