// libcurl's codes, statuses of HTTP and forbidden addresses.
#include "collectors/client/http_errors.h"

#include <cerrno>
#include <string>

namespace mse {

namespace {

Reason reason_of_connect(long error) {
  switch (error) {
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ETIMEDOUT:
    case EACCES:
      return Reason::unreachable;
    case ECONNRESET:
      return Reason::reset;
    default:
      return Reason::refused;
  }
}

// libcurl has one code for whatever ended the reading.
Reason reason_of_reading(std::string_view text) {
  if (text.find("hunked") != std::string_view::npos) return Reason::protocol;
  return text.find(" alert ") != std::string_view::npos ? Reason::tls : Reason::reset;
}

}  // namespace

Reason reason_of_transfer(CURLcode code, long error, std::string_view text) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Reason::dns;
    case CURLE_COULDNT_CONNECT:
      return reason_of_connect(error);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED:
      return Reason::tls;
    case CURLE_OPERATION_TIMEDOUT:
      return Reason::deadline;
    case CURLE_RECV_ERROR:
      return reason_of_reading(text);
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return Reason::reset;
    case CURLE_FILESIZE_EXCEEDED:
      return Reason::too_large;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_URL_MALFORMAT:
      return Reason::internal;
    default:
      return Reason::protocol;
  }
}

Failure status_failure(int status) {
  const auto text = "the answer has status " + std::to_string(status);
  switch (status) {
    case 401:
      return {Reason::auth, text};
    case 403:
      return {Reason::permission, text};
    case 404:
    case 405:
    case 501:
      return {Reason::unsupported, text};
    case 429:
    case 503:
      return {Reason::overload, text};
    default:
      return {Reason::protocol, text};
  }
}

bool is_link_local(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_v4().to_uint() >> 16U == 0xA9FEU;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return is_link_local(asio::ip::make_address_v4(asio::ip::v4_mapped, v6));
  }
  return v6.is_link_local();
}

}  // namespace mse
