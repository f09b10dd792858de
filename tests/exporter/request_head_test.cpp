// What the front door takes for a request, and what it answers to everything else.
#include "exporter/request_head.h"

#include <gtest/gtest.h>

namespace mse {
namespace {

using std::string_literals::operator""s;

RequestHead parsed(std::string_view bytes) {
  const auto result = parse_request_head(bytes);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(result)) << bytes;
  const auto* head = std::get_if<RequestHead>(&result);
  return head == nullptr ? RequestHead{} : *head;
}

// 0: it is a request; -1: more must come.
int status_of(std::string_view bytes) {
  const auto result = parse_request_head(bytes);
  if (const auto* refused = std::get_if<HeadRefused>(&result)) return refused->status;
  return std::holds_alternative<RequestHead>(result) ? 0 : -1;
}

TEST(RequestHead, HoldsMethodTargetFieldsAndSizes) {
  constexpr std::string_view kBytes =
      "POST /-/reload?why=x%20y HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Words: \t a b \t\r\n"
      "CONTENT-length: 04\r\n\r\nbodyGET /";
  const auto head = parsed(kBytes);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/-/reload?why=x%20y");
  EXPECT_EQ(head.path(), "/-/reload");
  EXPECT_EQ(head.field("x-words"), "a b");
  EXPECT_EQ(head.field("X-EMPTY"), "");
  EXPECT_FALSE(head.has("X-Missing"));
  EXPECT_EQ(head.body, 4U);
  EXPECT_EQ(kBytes.substr(head.size), "bodyGET /");
}

TEST(RequestHead, IsIncompleteUntilItsLastByte) {
  const std::string bytes = "GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(status_of(bytes.substr(0, size)), -1) << size;
  }
  EXPECT_EQ(status_of(bytes), 0);
}

TEST(RequestHead, OldClientsNeedNoHost) {
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
}

TEST(RequestHead, WhatTwoParsersCouldReadDifferentlyIsRefused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string& fields : {
           "Content-Length: 4\r\nContent-Length: 4\r\n"s,
           "Content-Length: 4\r\ncontent-length: 5\r\n"s,
           "Content-Length: 4, 4\r\n"s,
           "Content-Length: +4\r\n"s,
           "Content-Length: -4\r\n"s,
           "Content-Length: 0x4\r\n"s,
           "Content-Length: 4 4\r\n"s,
           "Content-Length:\r\n"s,
           "Transfer-Encoding: chunked\r\n"s,
           "Transfer-Encoding: identity\r\n"s,
           "transfer-encoding:chunked\r\nContent-Length: 4\r\n"s,
           "Transfer-Encoding : chunked\r\n"s,
           "Content-Length : 4\r\n"s,
           "X: a\r\n folded\r\n"s,
           "X: a\r\n\tfolded\r\n"s,
           " X: a\r\n"s,
           "Host: other\r\n"s,
           "X: a\0b\r\n"s,
           "X: a\x01"
           "b\r\n"s,
           "X: a\rb\r\n"s,
           "X: a\nTransfer-Encoding: chunked\r\n"s,
           "no colon\r\n"s,
           ": no name\r\n"s,
           "N\xC3\xA4me: x\r\n"s,
       }) {
    EXPECT_EQ(status_of(start + fields + "\r\n"), 400) << fields;
  }
}

TEST(RequestHead, WhatIsNoHttpRequestIsRefused) {
  for (const std::string& line : {
           "GET http://elsewhere/ HTTP/1.1"s,
           "GET * HTTP/1.1"s,
           "CONNECT h:1 HTTP/1.1"s,
           "GET  / HTTP/1.1"s,
           "GET /  HTTP/1.1"s,
           "GET /a b HTTP/1.1"s,
           "GET /\xFF HTTP/1.1"s,
           "GET /\t HTTP/1.1"s,
           "GET /"s,
           "GET"s,
           "GET / HTTP/1"s,
           "GET / http/1.1"s,
           "GET / XTTP/1.1"s,
           "G\"T / HTTP/1.1"s,
           "GET / "s,
           " GET / HTTP/1.1"s,
       }) {
    EXPECT_EQ(status_of(line + "\r\nHost: h\r\n\r\n"), 400) << line;
  }
}

TEST(RequestHead, WhatCannotBecomeOneIsRefusedBeforeItIsComplete) {
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), 400);
  EXPECT_EQ(status_of("\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\n"), 400);
  EXPECT_EQ(status_of("GET /\0"s), 400);
}

TEST(RequestHead, OtherVersionsAreNotSpoken) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400);
}

TEST(RequestHead, LimitsAreExact) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  const std::string end = "\r\n\r\n";
  const std::string most = start + std::string(kHeadBytes - start.size() - end.size(), 'x') + end;
  EXPECT_EQ(status_of(most), 0);
  EXPECT_EQ(status_of(most + "body that follows"), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: x" + most.substr(start.size())), 431);
  EXPECT_EQ(status_of(std::string(kHeadBytes, 'G')), 431);

  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
  EXPECT_EQ(status_of(post + "65536" + end), 0);
  EXPECT_EQ(status_of(post + "65537" + end), 413);
  EXPECT_EQ(status_of(post + std::string(40, '9') + end), 413);

  std::string fields = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 1; i < kHeadFields; ++i) fields += "X: y\r\n";
  EXPECT_EQ(status_of(fields + "\r\n"), 0);
  EXPECT_EQ(status_of(fields + "X: y\r\n\r\n"), 431);
}

}  // namespace
}  // namespace mse
