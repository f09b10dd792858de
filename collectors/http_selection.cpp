// Selects a state from an HTTP answer.
#include "collectors/http_selection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "collectors/client/http_errors.h"
#include "collectors/http_json.h"
#include "collectors/parts.h"
#include "collectors/secrets.h"
#include "exporter/fingerprint.h"
#include "exporter/text.h"

namespace mse {

namespace {

using What = HttpSelection::What;
using Outcome = std::variant<Unknown, Absent, State>;

constexpr std::size_t kText = 64, kDigest = 32, kPattern = 1024, kMatched = 1U << 20U;
constexpr std::int64_t kPatternMemory = 1 << 20;

std::string digest(const std::string& value) {
  return sha256_hex(value).substr(0, kDigest);
}

// A secret shows a digest, as a guarded setting does.
State state_of_value(const std::string& value, const std::string& key) {
  if (is_secret("", value)) {
    GuardedParts parts(key);
    parts.add_secret("value", {value});
    return parts.state("http_value/1");
  }
  auto state = state_of("http_value/1", {{"value", digest(value)}});
  state.text = repaired(value, kText);
  return state;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

Polled<Outcome> wrap(Polled<State> state) {
  if (!state) return tl::unexpected(std::move(state.error()));
  return Outcome(*std::move(state));
}

Polled<Outcome> select_json(const HttpSelection& selection, const std::string& body,
                            const std::string& key) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const auto* found = find_json(*document, selection.name);
  if (found == nullptr || found->is_null()) return Outcome(Absent{});
  if (const auto value = spelled(*found)) return Outcome(state_of_value(*value, key));
  return wrap(state_of_json(*found, selection.ignore, key));
}

// JSON by its parts, all else as trimmed text.
Polled<Outcome> select_body(const HttpSelection& selection, const std::string& body,
                            const std::string& key) {
  const auto text = trimmed(body);
  const auto document = parse_json(text);
  if (document && document->is_structured())
    return wrap(state_of_json(*document, selection.ignore, key));
  if (!document && document.error().reason == Reason::too_large)
    return tl::unexpected(document.error());
  auto state = state_of("http_body/1", {{"body", digest(text)}});
  return Outcome(std::move(state));
}

Polled<Outcome> select_match(const HttpSelection& selection, std::string_view body,
                             const std::string& key) {
  std::string value;
  const auto searched = body.substr(0, kMatched);
  const re2::StringPiece text(searched.data(), searched.size());
  if (!RE2::PartialMatch(text, *selection.regex, &value))
    return tl::unexpected(Failure{Reason::protocol, "nothing in the body matches"});
  return Outcome(state_of_value(value, key));
}

Polled<Outcome> select_header(const HttpSelection& selection, const HttpAnswer& answer,
                              const std::string& key) {
  const auto found = answer.headers.find(selection.name);
  if (found == answer.headers.end()) return Outcome(Absent{});
  return Outcome(state_of_value(found->second, key));
}

Polled<Outcome> select_value(const HttpSelection& selection, const HttpAnswer& answer,
                             const std::string& key) {
  switch (selection.what) {
    case What::header:
      return select_header(selection, answer, key);
    case What::json:
      return select_json(selection, answer.body, key);
    case What::regex:
      return select_match(selection, answer.body, key);
    case What::body:
      return select_body(selection, answer.body, key);
    default:
      return Outcome(state_of_value(std::to_string(answer.status), key));
  }
}

bool is_success(int status) {
  return status >= 200 && status < 300;
}

Polled<Outcome> probed(const HttpSelection& selection, const HttpAnswer& answer,
                       const std::string& key) {
  constexpr int kTimeout = 408, kTooMany = 429, kServerError = 500;
  if (answer.status == kTimeout || answer.status == kTooMany || answer.status >= kServerError)
    return tl::unexpected(
        Failure{status_failure(answer.status).reason == Reason::protocol ? Reason::protocol
                                                                         : Reason::overload,
                "the probe was answered with status " + std::to_string(answer.status)});
  const auto status = std::to_string(answer.status);
  const bool valued = selection.what != What::nothing && selection.what != What::status;
  if (!valued || !is_success(answer.status)) return Outcome(state_of_value(status, key));
  auto value = select_value(selection, answer, key);
  if (!value) return value;
  std::string text = status + " none", part = "none", secret;
  if (const auto* state = std::get_if<State>(&*value)) {
    text = status + " " + state->text;
    part = std::to_string(state->key.fingerprint);
    secret = state->key.secret_digest;
  }
  auto state = state_of("http_probe/1", {{"status", status}, {"value", part}});
  state.text = repaired(text, kText);
  state.key.secret_digest = secret;
  return Outcome(std::move(state));
}

Polled<Outcome> selected(const HttpSelection& selection, const HttpAnswer& answer,
                         const std::string& key) {
  if (selection.probe) return probed(selection, answer, key);
  if (selection.what == What::status || is_success(answer.status))
    return select_value(selection, answer, key);
  auto failure = status_failure(answer.status);
  if (failure.reason == Reason::unsupported) return Outcome(Unknown{Reason::unsupported});
  return tl::unexpected(std::move(failure));
}

bool is_token(std::string_view name) {
  return !name.empty() && name.size() <= kText && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

void read_regex(Options& options, HttpSelection& selection) {
  constexpr std::string_view kExpected =
      "a regular expression (RE2) of at most 1024 bytes with exactly one group, such as "
      "'v([0-9]+)'";
  const auto text = options.text("regex").value_or("");
  RE2::Options how;
  how.set_log_errors(false);
  how.set_max_mem(kPatternMemory);
  auto regex = std::make_shared<const RE2>(text.substr(0, kPattern), how);
  if (text.size() > kPattern || !regex->ok() || regex->NumberOfCapturingGroups() != 1)
    options.wrong("regex", kExpected);
  selection.regex = std::move(regex);
}

void read_pointer(Options& options, HttpSelection& selection) {
  selection.name = options.text("json").value_or("");
  if (!is_json_pointer(selection.name)) {
    options.wrong("json", "a JSON pointer such as /version");
  } else if (is_secret_name(selection.name)) {
    options.wrong("json", "a value that is no secret, for it is shown");
  }
}

void read_header(Options& options, HttpSelection& selection) {
  selection.name = lower(options.text("header").value_or(""));
  if (!is_token(selection.name)) options.wrong("header", "a header's name such as X-Version");
  if (selection.name == "set-cookie" || is_secret_name(selection.name))
    options.wrong("header", "a header that is no secret, for it is shown");
}

void read_true(Options& options, std::string_view key) {
  const auto flag = options.flag(key);
  if (flag && !*flag) options.wrong(key, "true");
}

}  // namespace

HttpSelection read_http_selection(Options& options) {
  constexpr std::array<std::pair<std::string_view, What>, 5> kKeys{{{"status", What::status},
                                                                    {"header", What::header},
                                                                    {"json", What::json},
                                                                    {"regex", What::regex},
                                                                    {"body", What::body}}};
  HttpSelection selection;
  for (const auto& [key, what] : kKeys) {
    if (options.shape(key) == Options::Shape::missing) continue;
    if (selection.what != What::nothing)
      options.wrong(key, "only one of status, header, json, regex and body");
    else
      selection.what = what;
  }
  // All are asked for, so that all are known.
  for (const auto* key : {"header", "json", "regex"}) options.text(key);
  read_true(options, "status");
  read_true(options, "body");
  if (selection.what == What::header) read_header(options, selection);
  if (selection.what == What::json) read_pointer(options, selection);
  if (selection.what == What::regex) read_regex(options, selection);
  const auto ignored = options.list("ignore");
  selection.ignore = {ignored.begin(), ignored.end()};
  if (!ignored.empty() && selection.what != What::json && selection.what != What::body)
    options.wrong("ignore", "no ignore without json or body");
  return selection;
}

Polled<Reading> read_selection(const HttpSelection& selection, const HttpAnswer& answer,
                               const std::string& hmac_key) {
  auto outcome = selected(selection, answer, hmac_key);
  if (!outcome) return tl::unexpected(std::move(outcome.error()));
  Reading reading;
  reading.outcome = *std::move(outcome);
  reading.probe = selection.probe;
  return reading;
}

}  // namespace mse
