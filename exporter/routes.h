// What each URL answers, without a socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "exporter/page.h"
#include "exporter/server.h"

namespace mse {

struct Request {
  std::string_view method, path, accept_encoding;
  bool trusted = false;  // the caller may change something
};

struct Answer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;  // shared with the page: never copied
  bool gzip = false;                        // body is compressed
  std::string_view allow;                   // of a 405: the methods that are
};

// The answer at `now` with `page` the newest, or none yet. Calls settings.reload where that is
// asked for. Any thread.
Answer answer(const Request& request, const std::shared_ptr<const Page>& page,
              const ServerSettings& settings, Mono now);

// A refusal in one sentence.
Answer refusal(int status, std::string sentence);

// The status line and headers, up to and with the empty line; one of `more` takes the place of ours
// of that name. The connection closes after it.
std::string head(const Answer& answer, const HeaderFields& more = {});

// Whether the value of an Accept-Encoding header allows gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace mse
