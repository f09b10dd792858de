// One request on a loop of its own.
#include "collectors/ask_exporter.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "collectors/client/http.h"
#include "exporter/read_file.h"
#include "exporter/resolver.h"

namespace mse {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr std::uint64_t kBudget = 4U << 20U;
constexpr std::size_t kPasswordBytes = 4096;

struct Place {
  HttpSettings settings;
  std::string address, path;
};

Result<Place> place_of(const std::string& url, const HttpSettings& settings) {
  constexpr std::string_view kMark = "://";
  const auto mark = url.find(kMark);
  const std::string scheme = url.substr(0, std::min(mark, url.size()));
  if (mark == std::string::npos || (scheme != "http" && scheme != "https"))
    return fail("expected http://… or https://…");
  const std::string rest = url.substr(mark + kMark.size());
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  Place place{settings, rest.substr(0, slash), rest.substr(slash)};
  if (place.address.find('@') != std::string::npos) return fail("name the user with --user");
  place.settings.tls = scheme == "https";
  return place;
}

asio::awaitable<void> ask(HttpClient& client, HttpRequest request, Mono deadline,
                          std::optional<Polled<HttpAnswer>>& out) {
  out = co_await client.ask(std::move(request), deadline);
}

Result<ClientAnswer> ask_once(const Place& place) {
  asio::io_context loop(1);
  Resolver resolver(loop.get_executor());
  Environment environment;
  environment.executor = loop.get_executor();
  environment.resolve = [&resolver](std::string host, Mono deadline) {
    return resolver.resolve(std::move(host), deadline);
  };
  environment.may_connect = [](Mono) -> asio::awaitable<Polled<void>> { co_return Polled<void>(); };
  HttpClient client(place.settings, place.address, environment);
  HttpRequest request;
  request.path = place.path;
  request.accept = "application/json";
  request.body_budget = kBudget;
  std::optional<Polled<HttpAnswer>> answer;
  const Mono deadline = std::chrono::steady_clock::now() + kPatience;
  auto work = ask(client, std::move(request), deadline, answer);
  asio::co_spawn(loop, std::move(work), [&loop](const std::exception_ptr&) { loop.stop(); });
  loop.run_for(2 * kPatience);
  if (!answer) return fail("no answer");
  if (!*answer) {
    const Failure& failure = answer->error();
    return fail(std::string(name(failure.reason)) +
                (failure.text.empty() ? "" : ": " + failure.text));
  }
  return ClientAnswer{(*answer)->status, std::move((*answer)->body)};
}

}  // namespace

Result<std::function<Result<ClientAnswer>(const std::string& url)>> exporter_asker(
    const ClientOptions& options) {
  HttpSettings settings;
  settings.ca_file = options.ca_file;
  settings.user = options.user;
  if (!options.password_file.empty()) {
    auto password = read_file(options.password_file, kPasswordBytes);
    if (!password) return tl::unexpected(password.error());
    while (password->ends_with('\n') || password->ends_with('\r')) password->pop_back();
    settings.password = Secret(*std::move(password));
  }
  return [settings](const std::string& url) -> Result<ClientAnswer> {
    const auto place = place_of(url, settings);
    if (!place) return tl::unexpected(place.error());
    return ask_once(*place);
  };
}

}  // namespace mse
