// What each URL answers, without a socket.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/page.h"
#include "exporter/server.h"

namespace mse {

struct Request {
  std::string_view method, path, accept_encoding;
  bool trusted = false;                    // the caller may change something
  std::string_view query{};                // after the "?", as it was sent; parse_query() reads it
  std::string_view body{};                 // whole; at most kBodyBytes
  std::string_view identity{}, address{};  // of the caller, for what is logged of it
  std::string_view content_type{};         // of the body
};

struct Answer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;  // shared with the page: never copied
  bool gzip = false;                        // body is compressed
  std::string_view allow;                   // of a 405: the methods that are
  HeaderFields fields{};                    // of its own, in the place of the usual ones
};

// The answer at `now` with `page` the newest, or none yet. Calls settings.reload where that is
// asked for. Any thread.
Answer answer(const Request& request, const std::shared_ptr<const Page>& page,
              const ServerSettings& settings, Mono now);

// `body` with `type` and 200, compressed where the request allows that.
Answer document(std::string_view type, std::string body, const Request& request);

// Why services are not shown as truth at `now`; nothing when they are.
std::optional<std::string> staleness(const std::shared_ptr<const Page>& page, Mono now);

// A refusal in one sentence.
Answer refusal(int status, std::string sentence);

// The status line and headers, up to and with the empty line; one of `more` takes the place of the
// answer's of that name, and that of the usual one. The connection closes after it.
std::string head(const Answer& answer, const HeaderFields& more = {});

// Whether the value of an Accept-Encoding header allows gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace mse
