// Options and callbacks of one transfer.
#include "collectors/client/http_exchange.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "collectors/client/http_errors.h"

namespace mse {

namespace {

constexpr std::uint64_t kHeadBudget = 64U << 10U;
constexpr long kReadBuffer = 64L << 10;

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

int status_of(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 4) return 0;
  int status = 0;
  for (const char digit : line.substr(space + 1, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

asio::ip::address address_of(const curl_sockaddr& where) {
  if (where.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &where.addr, sizeof(v4));
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  // libcurl reserves room for every family behind `addr`.
  sockaddr_in6 v6{};
  std::memcpy(&v6, static_cast<const void*>(&where.addr),
              std::min<std::size_t>(where.addrlen, sizeof(v6)));
  asio::ip::address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes);
}

template <typename Function>
std::size_t guarded(std::size_t bytes, Function take) noexcept {
  try {
    return take() ? bytes : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

std::optional<std::string> part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0U) !=
      CURLUE_OK)
    return std::nullopt;
  std::string out(text);
  curl_free(text);
  return out;
}

}  // namespace

HttpExchange::HttpExchange(const HttpSettings& settings, const HttpTarget& target,
                           const HttpRequest& request, HttpSockets& sockets)
    : settings_(settings), target_(target), request_(request), sockets_(sockets) {
  url_ = (settings.tls ? "https://" : "http://") + bracketed(target.host) + ":" +
         std::to_string(target.port) + request.path;
}

void HttpExchange::add(std::unique_ptr<curl_slist, FreeList>& list, const std::string& text) {
  // It appends in place: only the first makes a list.
  auto* const appended = curl_slist_append(list.get(), text.c_str());
  if (!list) list.reset(appended);
}

void HttpExchange::set_up(CURL* easy) {
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
  set_connection(easy);
  set_method(easy);
  set_headers(easy);
  set_identity(easy);
  set_tls(easy);
}

void HttpExchange::set_connection(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReadBuffer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpExchange::on_head);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpExchange::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &HttpExchange::on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &sockets_);
  // One address, for libcurl does not tell when, on its way from one to the next, it closes a
  // socket whose number the next one then has. No DNS of its own either.
  add(connect_to_, "::" + bracketed(target_.address.to_string()) + ":");
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_.get());
}

void HttpExchange::set_method(CURL* easy) {
  if (request_.method == HttpRequest::Method::head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.body_budget));
  if (request_.method != HttpRequest::Method::post) return;
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
}

void HttpExchange::set_headers(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "mixed_state_exporter");
  const bool accepts = std::any_of(settings_.headers.begin(), settings_.headers.end(),
                                   [](const auto& each) { return lower(each.first) == "accept"; });
  if (!accepts) add(headers_, "Accept: " + request_.accept);
  if (request_.method == HttpRequest::Method::post) {
    add(headers_, "Content-Type: application/json");
    add(headers_, "Expect:");
  }
  if (!settings_.host.empty()) add(headers_, "Host: " + settings_.host);
  if (settings_.bearer_token) {
    add(headers_, "Authorization: Bearer " + settings_.bearer_token->reveal());
  }
  for (const auto& [name, value] : settings_.headers) add(headers_, name + ": " + value.reveal());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void HttpExchange::set_identity(CURL* easy) {
  if (settings_.user.empty()) return;
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  curl_easy_setopt(easy, CURLOPT_USERNAME, settings_.user.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD,
                   settings_.password ? settings_.password->reveal().c_str() : "");
}

void HttpExchange::set_tls(CURL* easy) {
  if (!settings_.tls) return;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (settings_.cert_file.empty()) return;
  curl_easy_setopt(easy, CURLOPT_SSLCERT, settings_.cert_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, settings_.key_file.c_str());
}

curl_socket_t HttpExchange::on_open(void* sockets, curlsocktype /*purpose*/, curl_sockaddr* where) {
  auto* all = static_cast<HttpSockets*>(sockets);
  const auto address = address_of(*where);
  if (is_link_local(address) && !all->allow_link_local->contains(address.to_string())) {
    all->forbidden = true;
    return CURL_SOCKET_BAD;
  }
  if (!all->may_open) {
    all->refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(where->family, where->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where->protocol);
}

std::size_t HttpExchange::on_head(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<HttpExchange*>(self);
  return guarded(size * count, [&] { return exchange->take_head({bytes, size * count}); });
}

std::size_t HttpExchange::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<HttpExchange*>(self);
  return guarded(size * count, [&] { return exchange->take_body({bytes, size * count}); });
}

bool HttpExchange::fail_with(Failure failure) {
  failure_ = std::move(failure);
  return false;
}

bool HttpExchange::take_head(std::string_view line) {
  head_ += line.size();
  if (head_ > kHeadBudget) return fail_with({Reason::too_large, "the head is over 64 KiB"});
  if (line.starts_with("HTTP/")) {
    answer_.headers.clear();
    answer_.status = status_of(line);
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  answer_.headers[lower(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
  return true;
}

bool HttpExchange::take_body(std::string_view bytes) {
  body_ += bytes.size();
  if (body_ > request_.body_budget)
    return fail_with({Reason::too_large, "the body is over its budget"});
  const auto encoding = answer_.headers.find("content-encoding");
  if (encoding != answer_.headers.end() && encoding->second != "identity")
    return fail_with({Reason::protocol, "the answer is encoded, which was not asked for"});
  const bool success = answer_.status >= 200 && answer_.status < 300;
  if (!request_.take || !success) {
    answer_.body += bytes;
    return true;
  }
  return request_.take(bytes) || fail_with({Reason::too_large, "the body holds too much"});
}

Polled<HttpAnswer> HttpExchange::finish(CURL* easy, CURLcode code) {
  if (failure_) return tl::unexpected(*std::move(failure_));
  if (sockets_.forbidden && code != CURLE_OK)
    return tl::unexpected(
        Failure{Reason::permission, "the address is link-local; see allow_link_local"});
  if (code != CURLE_OK) {
    long error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
    const std::string text = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
    return tl::unexpected(Failure{reason_of_transfer(code, error, text), text});
  }
  if (answer_.status < 200)
    return tl::unexpected(Failure{Reason::protocol, "the answer has no status"});
  return std::move(answer_);
}

namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// Nothing when it is none.
Url parsed(const std::string& text) {
  Url url(curl_url(), curl_url_cleanup);
  if (url && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

bool is_same_place(CURLU* one, CURLU* other) {
  const auto parts = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
  return std::all_of(parts.begin(), parts.end(),
                     [&](const auto which) { return part(one, which) == part(other, which); });
}

}  // namespace

std::optional<std::string> path_within(const std::string& url, const std::string& location,
                                       const std::string& host) {
  const auto before = parsed(url), after = parsed(url);
  if (!before || !after) return std::nullopt;
  if (curl_url_set(after.get(), CURLUPART_URL, location.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return std::nullopt;
  const auto scheme = part(before.get(), CURLUPART_SCHEME).value_or("http");
  const auto known = parsed(host.empty() ? url : scheme + "://" + host + "/");
  if (!is_same_place(before.get(), after.get()) &&
      !(known && is_same_place(known.get(), after.get())))
    return std::nullopt;
  auto path = part(after.get(), CURLUPART_PATH).value_or("/");
  if (const auto query = part(after.get(), CURLUPART_QUERY)) path += "?" + *query;
  return path;
}

}  // namespace mse
