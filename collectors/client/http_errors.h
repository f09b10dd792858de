// What went wrong with an HTTP request, by its closed reason.
#pragma once

#include <curl/curl.h>

#include <asio/ip/address.hpp>
#include <string_view>

#include "exporter/collector.h"

namespace mse {

// Of a transfer that ended with `code`; `error` is the system's of its connect, 0 when none, `text`
// libcurl's own.
Reason reason_of_transfer(CURLcode code, long error, std::string_view text);

// Of an answer whose status is no success: 401 auth, 403 permission, 404, 405 and 501 unsupported,
// 429 and 503 overload, any other protocol.
Failure status_failure(int status);

// Whether `address` is link-local (169.254/16, fe80::/10), where clouds serve credentials; an IPv4
// address inside an IPv6 one counts as itself.
bool is_link_local(const asio::ip::address& address);

}  // namespace mse
