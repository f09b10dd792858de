// Reads and checks HTTP settings.
#include "collectors/http_settings.h"

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>

#include "collectors/client/address.h"
#include "collectors/client/http_errors.h"
#include "collectors/http_json.h"
#include "collectors/tls_options.h"

namespace mse {

namespace {

constexpr std::size_t kLongest = 2048, kName = 64;

// Printable ASCII without blanks.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// What may stand in a header's value: no line may end in it.
bool is_header_value(std::string_view text) {
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
         });
}

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= kName &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// Ours to set, or what would change where the message ends.
bool is_reserved(const std::string& name) {
  constexpr std::array<std::string_view, 7> kReserved{
      "host", "content-length", "transfer-encoding", "connection",
      "te",   "upgrade",        "accept-encoding"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

bool is_secret_header(const std::string& name) {
  for (const auto* word : {"authorization", "cookie", "token", "secret", "key", "password"})
    if (name.find(word) != std::string::npos) return true;
  return false;
}

void read_header(Options& headers, const std::string& name, HttpSettings& settings) {
  const auto plain = lower(name);
  if (!is_token(name) || is_reserved(plain))
    return headers.wrong(name, "a header that is not set by ourselves, such as X-Region");
  const auto text = headers.text(name);
  if (!text) return;
  const bool variable = text->starts_with("${");
  const auto value = variable || is_secret_header(plain) ? headers.secret(name) : Secret(*text);
  if (!value) return;
  if (!is_header_value(value->reveal())) return headers.wrong(name, "a value of one line");
  settings.headers.emplace_back(name, *value);
}

void read_headers(Options& options, HttpSettings& settings) {
  auto headers = options.map("headers");
  if (!headers) return;
  for (const auto& name : headers->keys()) read_header(*headers, name, settings);
}

void read_host(Options& options, std::string_view key, std::string& host) {
  const auto text = options.text(key);
  if (!text) return;
  const auto address = parse_address(*text, 1);
  if (!address || address->local || !is_plain(*text) || text->size() > 255 ||
      text->find_first_of("/?#@\\") != std::string::npos)
    return options.wrong(key, "a host's name, such as www.example.com");
  host = *text;
}

void read_tls(Options& options, HttpSettings& settings) {
  const auto scheme = options.text("scheme");
  if (scheme && *scheme != "http" && *scheme != "https") options.wrong("scheme", "http or https");
  settings.tls = scheme == "https";
  auto tls = options.map("tls");
  if (!tls) return;
  if (scheme == "http") options.wrong("tls", "no tls with scheme http");
  settings.tls = true;
  read_tls_files(settings, *tls);
  read_host(*tls, "server_name", settings.server_name);
}

void read_identity(Options& options, HttpSettings& settings) {
  settings.bearer_token = options.secret("bearer_token");
  settings.user = options.text("user").value_or("");
  settings.password = options.secret("password");
  if (settings.bearer_token && !is_header_value(settings.bearer_token->reveal()))
    options.wrong("bearer_token", "a token of one line");
  if (settings.bearer_token && !settings.user.empty())
    options.wrong("user", "either user or bearer_token");
  if (settings.user.empty() && settings.password) options.wrong("user", "the password's user");
  if (settings.user.find(':') != std::string::npos || !is_header_value(settings.user))
    options.wrong("user", "a user's name without colon");
}

void read_allowed(Options& options, HttpSettings& settings) {
  for (const auto& text : options.list("allow_link_local")) {
    asio::error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (error || !is_link_local(address))
      return options.wrong("allow_link_local", "link-local addresses, such as [169.254.169.254]");
    settings.allow_link_local.insert(address.to_string());
  }
}

// Without a word of TLS a node is asked in plain text, which must be meant where secrets are sent.
void check_consent(Options& options, const HttpSettings& settings) {
  const bool secret =
      settings.bearer_token || settings.password ||
      std::any_of(settings.headers.begin(), settings.headers.end(),
                  [](const auto& header) { return is_secret_header(lower(header.first)); });
  const bool said = options.shape("scheme") != Options::Shape::missing || settings.tls;
  if (secret && !said) options.wrong("scheme", "https, or http to send secrets in plain text");
}

// Whether a parameter of the path's query goes by the name of a secret.
bool tells_secret(std::string_view path) {
  auto query = path.substr(std::min(path.find('?'), path.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const auto end = std::min(query.find('&'), query.size());
    const auto parameter = query.substr(0, end);
    if (is_secret_name(parameter.substr(0, parameter.find('=')))) return true;
    query.remove_prefix(end);
  }
  return false;
}

}  // namespace

HttpSettings read_http_settings(Options& options) {
  HttpSettings settings;
  settings.port = static_cast<std::uint16_t>(options.integer("port", 1, 65535).value_or(0));
  read_tls(options, settings);
  read_host(options, "host", settings.host);
  read_headers(options, settings);
  read_identity(options, settings);
  read_allowed(options, settings);
  check_consent(options, settings);
  return settings;
}

std::string read_http_path(Options& options, std::string_view key, std::string_view otherwise) {
  const auto path = options.text(key);
  if (!path) return std::string(otherwise);
  const bool right = path->starts_with('/') && path->size() <= kLongest && is_plain(*path) &&
                     path->find('#') == std::string::npos;
  if (!right) options.wrong(key, "a path with its query, such as /version?full=1");
  if (tells_secret(*path)) options.wrong(key, "no secret in it; send it in a header, as ${ENV}");
  return *path;
}

std::map<std::string, std::string> key_fields(const HttpSettings& settings) {
  std::map<std::string, std::string> fields{
      {"port", std::to_string(settings.port)},
      {"tls", settings.tls ? "yes" : "no"},
      {"ca_file", settings.ca_file},
      {"cert_file", settings.cert_file},
      {"key_file", settings.key_file},
      {"server_name", settings.server_name},
      {"host", settings.host},
      {"bearer_token", settings.bearer_token ? "=" + settings.bearer_token->reveal() : ""},
      {"user", settings.user},
      {"password", settings.password ? "=" + settings.password->reveal() : ""},
  };
  for (const auto& [name, value] : settings.headers) fields["header " + name] = value.reveal();
  for (const auto& address : settings.allow_link_local) fields["allow " + address] = "yes";
  return fields;
}

}  // namespace mse
