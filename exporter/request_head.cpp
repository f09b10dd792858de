// One pass over the lines of a head; the first thing wrong is the answer.
#include "exporter/request_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace mse {
namespace {

using Wrong = std::optional<HeadRefused>;

Wrong bad(std::string sentence) {
  return HeadRefused{400, std::move(sentence)};
}

Wrong too_large() {
  return HeadRefused{431, "The head of this request is too large."};
}

bool token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), token_char);
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

bool visible_ascii(char c) {
  return c > 0x20 && c < 0x7F;
}

bool white(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_outer_white(std::string_view text) {
  while (!text.empty() && white(text.front())) text.remove_prefix(1);
  while (!text.empty() && white(text.back())) text.remove_suffix(1);
  return text;
}

// What can be said of bytes that are no whole head yet.
Wrong wrong_so_far(std::string_view bytes) {
  if (!bytes.empty() && !token_char(bytes.front())) return bad("This is not HTTP.");
  if (bytes.find('\0') != std::string_view::npos) return bad("A head holds no NUL.");
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return bad("Lines of a head end in CRLF.");
  }
  return std::nullopt;
}

Wrong wrong_version(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  if (version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.') {
    return HeadRefused{505, "This server speaks HTTP/1.1."};
  }
  return bad("The first line is not that of an HTTP request.");
}

Wrong read_request_line(RequestHead& head, std::string_view& version, std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return bad("The first line is not that of an HTTP request.");
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  version = line.substr(last + 1);
  if (!is_token(head.method)) return bad("The method is no word.");
  if (!head.target.starts_with('/') ||
      !std::all_of(head.target.begin(), head.target.end(), visible_ascii)) {
    return bad("The target of a request begins with / and holds visible ASCII only.");
  }
  return wrong_version(version);
}

Wrong read_field(RequestHead& head, std::string_view line) {
  if (head.fields.size() == kHeadFields) return too_large();
  if (white(line.front())) return bad("Header fields are not folded.");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return bad("A header field is a name, a colon and a value.");
  }
  const auto value = without_outer_white(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return bad("A header field holds no control character.");
  }
  head.fields.emplace_back(line.substr(0, colon), value);
  return std::nullopt;
}

Wrong read_length(RequestHead& head, std::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits) return bad("Content-Length is a number.");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), head.body);
  if (error == std::errc() && head.body <= kBodyBytes) return std::nullopt;
  return HeadRefused{413, "The body of a request is at most 64 KiB."};
}

Wrong read_framing(RequestHead& head, std::string_view version) {
  const auto count = [&head](std::string_view name) {
    return std::count_if(head.fields.begin(), head.fields.end(),
                         [name](const auto& field) { return same_name(field.first, name); });
  };
  if (count("Transfer-Encoding") > 0) {
    return bad("A request's body has a Content-Length, not a Transfer-Encoding.");
  }
  if (count("Host") > 1 || (version == "HTTP/1.1" && count("Host") == 0)) {
    return bad("A request has one Host.");
  }
  if (count("Content-Length") > 1) return bad("A request has one Content-Length.");
  const auto length = head.field("Content-Length");
  return length ? read_length(head, *length) : std::nullopt;
}

Wrong read_lines(RequestHead& head, std::string_view lines) {
  std::string_view version;
  bool first = true;
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const auto line = lines.substr(0, end);
    const auto wrong = first ? read_request_line(head, version, line) : read_field(head, line);
    if (wrong) return wrong;
    lines.remove_prefix(end + 2);
    first = false;
  }
  return read_framing(head, version);
}

}  // namespace

bool same_name(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

std::optional<std::string_view> RequestHead::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

std::variant<HeadIncomplete, RequestHead, HeadRefused> parse_request_head(std::string_view bytes) {
  const auto shown = bytes.substr(0, kHeadBytes);
  const auto end = shown.find("\r\n\r\n");
  if (const auto wrong = wrong_so_far(shown.substr(0, end))) return *wrong;
  if (end == std::string_view::npos) {
    if (bytes.size() >= kHeadBytes) return *too_large();
    return HeadIncomplete{};
  }
  RequestHead head;
  head.size = end + 4;
  if (const auto wrong = read_lines(head, shown.substr(0, end + 2))) return *wrong;
  return head;
}

}  // namespace mse
