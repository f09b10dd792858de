// What the front door lets in as one HTTP request: its head, parsed without a socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mse {

constexpr std::size_t kHeadBytes = 8192;
constexpr std::size_t kBodyBytes = 65536;
constexpr std::size_t kHeadFields = 100;

// Views into the bytes it was parsed from.
struct RequestHead {
  std::string_view method, target;
  std::vector<std::pair<std::string_view, std::string_view>> fields;  // without outer white space
  std::size_t size = 0;                                               // with the empty line
  std::size_t body = 0;                                               // bytes that follow it

  std::string_view path() const { return target.substr(0, target.find('?')); }
  // The first field of that name, in any case; nothing when there is none.
  std::optional<std::string_view> field(std::string_view name) const;
  bool has(std::string_view name) const { return field(name).has_value(); }
};

struct HeadRefused {
  int status = 400;
  std::string sentence;
};
struct HeadIncomplete {};

// The head at the start of `bytes`. Stricter than RFC 9112 where its leniency lets two parsers
// disagree: lines end in CRLF; the target begins with "/"; no folded lines, no NUL or other
// control character, no white space before a colon; HTTP/1.1 has one Host. Any Transfer-Encoding,
// and a Content-Length that is repeated or no number, is 400; a body above kBodyBytes is 413; a
// head above kHeadBytes or kHeadFields is 431; another version is 505. What follows the body is
// not looked at.
std::variant<HeadIncomplete, RequestHead, HeadRefused> parse_request_head(std::string_view bytes);

// Whether two names of header fields are the same.
bool same_name(std::string_view one, std::string_view other);

}  // namespace mse
