// The HTTP client against servers that hang, drip, lie, flood, reset and send elsewhere.
#include "collectors/client/http.h"

#include <gmock/gmock.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "collectors/client/http_errors.h"
#include "collectors/client/http_exchange.h"
#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSlack = milliseconds(600);

struct Outcome {
  Polled<HttpAnswer> answer;
  Duration took{};
  std::size_t grown = 0;  // peak memory
};

Outcome ask_at(const std::string& address, HttpRequest request = {}, Duration limit = seconds(5),
               HttpSettings settings = {}) {
  ClientLoop process;
  HttpClient client(std::move(settings), address, process.environment);
  forget_peak_memory();
  const auto before = resident_bytes();
  const auto began = std::chrono::steady_clock::now();
  Outcome outcome;
  outcome.answer = process.run(client.ask(std::move(request), in(limit)));
  outcome.took = std::chrono::steady_clock::now() - began;
  outcome.grown = peak_resident_bytes() - std::min(before, peak_resident_bytes());
  return outcome;
}

Script saying(std::string says, Script::End end = Script::End::closes) {
  Script script;
  script.reads_request = true;
  script.says = std::move(says);
  script.end = end;
  return script;
}

Outcome ask(Script script, Duration limit = seconds(5), HttpRequest request = {}) {
  const HostileServer server(std::move(script));
  const auto sockets = open_sockets();
  auto outcome = ask_at(server.address(), std::move(request), limit);
  const auto patience = in(seconds(5));
  auto open = open_sockets();
  while (open > sockets && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
    open = open_sockets();
  }
  EXPECT_LE(open, sockets) << "a socket leaked";
  return outcome;
}

Reason reason_of_answer(const Outcome& outcome) {
  EXPECT_FALSE(outcome.answer) << "a hostile server was believed";
  return outcome.answer ? Reason::internal : outcome.answer.error().reason;
}

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Version: 7\r\n\r\nhello";

TEST(HttpClient, GivesStatusHeadersAndBody) {
  const auto outcome = ask(saying(kOk, Script::End::hangs));
  ASSERT_TRUE(outcome.answer) << outcome.answer.error().text;
  EXPECT_EQ(outcome.answer->status, 200);
  EXPECT_EQ(outcome.answer->body, "hello");
  EXPECT_EQ(outcome.answer->headers.at("x-version"), "7");
}

TEST(HttpClient, AServerThatSaysNothingCostsTheDeadlineOnly) {
  const auto outcome = ask(saying("", Script::End::hangs), milliseconds(300));
  EXPECT_EQ(reason_of_answer(outcome), Reason::deadline);
  EXPECT_LT(outcome.took, milliseconds(300) + kSlack);
}

TEST(HttpClient, AServerThatDripsCostsTheDeadlineOnly) {
  auto script = saying(kOk, Script::End::hangs);
  script.pause = milliseconds(50);
  const auto outcome = ask(script, milliseconds(400));
  EXPECT_EQ(reason_of_answer(outcome), Reason::deadline);
  EXPECT_LT(outcome.took, milliseconds(400) + kSlack);
}

TEST(HttpClient, AStalledHandshakeCostsTheDeadlineOnly) {
  auto script = saying("", Script::End::hangs);
  script.reads_request = false;
  const HostileServer server(script);
  HttpSettings settings;
  settings.tls = true;
  const auto outcome = ask_at(server.address(), {}, milliseconds(300), settings);
  EXPECT_EQ(reason_of_answer(outcome), Reason::deadline);
  EXPECT_LT(outcome.took, milliseconds(300) + kSlack);
}

TEST(HttpClient, PlainTextInPlaceOfAHandshakeIsTls) {
  auto script = saying(kOk, Script::End::hangs);
  script.reads_request = false;
  const HostileServer server(script);
  HttpSettings settings;
  settings.tls = true;
  EXPECT_EQ(reason_of_answer(ask_at(server.address(), {}, seconds(5), settings)), Reason::tls);
}

TEST(HttpClient, AResetIsReset) {
  EXPECT_EQ(reason_of_answer(ask(
                saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", Script::End::resets))),
            Reason::reset);
}

TEST(HttpClient, AnEmptyAnswerIsReset) {
  EXPECT_EQ(reason_of_answer(ask(saying(""))), Reason::reset);
}

TEST(HttpClient, ABodyShorterThanPromisedIsNoAnswer) {
  EXPECT_EQ(reason_of_answer(ask(saying("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"))),
            Reason::reset);
}

TEST(HttpClient, GarbageIsProtocol) {
  EXPECT_EQ(reason_of_answer(ask(saying("\x01\x02 certainly not HTTP\r\n\r\n"))), Reason::protocol);
}

TEST(HttpClient, ABodySaidToBeTwoGigabytesIsRefusedUnread) {
  const auto outcome =
      ask(saying("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n", Script::End::hangs));
  EXPECT_EQ(reason_of_answer(outcome), Reason::too_large);
  EXPECT_LT(outcome.took, seconds(2));
}

TEST(HttpClient, AnEndlessBodyIsTooLargeAndMemoryStaysFlat) {
  auto script = saying("HTTP/1.1 200 OK\r\n\r\n");
  script.repeats = std::string(64U << 10U, 'x');
  const auto outcome = ask(script);
  EXPECT_EQ(reason_of_answer(outcome), Reason::too_large);
  EXPECT_LT(outcome.grown, kMemorySlack);
}

TEST(HttpClient, AnEndlessHeadIsTooLargeAndMemoryStaysFlat) {
  auto script = saying("HTTP/1.1 200 OK\r\n");
  script.repeats = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  const auto outcome = ask(script);
  EXPECT_EQ(reason_of_answer(outcome), Reason::too_large);
  EXPECT_LT(outcome.grown, kMemorySlack);
}

TEST(HttpClient, AnEncodedBodyIsNotDecoded) {
  EXPECT_EQ(reason_of_answer(ask(saying("HTTP/1.1 200 OK\r\nContent-Encoding: "
                                        "gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01"))),
            Reason::protocol);
}

HttpRequest following() {
  HttpRequest request;
  request.redirects = 3;
  return request;
}

TEST(HttpClient, ARedirectToAnotherHostIsNotFollowed) {
  const auto outcome = ask(saying("HTTP/1.1 302 Found\r\nLocation: "
                                  "http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n",
                                  Script::End::hangs),
                           seconds(5), following());
  EXPECT_EQ(reason_of_answer(outcome), Reason::protocol);
}

TEST(HttpClient, RedirectsWithinTheHostAreFollowedThreeTimes) {
  const auto outcome = ask(saying("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: "
                                  "0\r\nConnection: close\r\n\r\n"),
                           seconds(5), following());
  EXPECT_EQ(reason_of_answer(outcome), Reason::protocol);
  EXPECT_THAT(outcome.answer.error().text, testing::HasSubstr("too many"));
}

TEST(HttpClient, ARedirectIsAnAnswerWhereNoneIsFollowed) {
  const auto outcome = ask(saying(
      "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", Script::End::hangs));
  ASSERT_TRUE(outcome.answer);
  EXPECT_EQ(outcome.answer->status, 302);
}

TEST(HttpClient, AClosedPortIsRefused) {
  std::string address;
  {
    address = HostileServer(Script{}).address();
  }
  EXPECT_EQ(reason_of_answer(ask_at(address)), Reason::refused);
}

TEST(HttpClient, TheNextAddressIsTriedWhenOneRefuses) {
  const HostileServer server(saying(kOk, Script::End::hangs));
  ClientLoop process;
  process.environment.resolve =
      [](std::string, Mono) -> asio::awaitable<Polled<std::vector<asio::ip::address>>> {
    std::vector<asio::ip::address> all;
    for (const auto* text : {"::1", "127.0.0.2", "127.0.0.1"})
      all.push_back(asio::ip::make_address(text));
    co_return all;
  };
  HttpClient client({}, server.address(), process.environment);
  const auto answer = process.run(client.ask({}, in(seconds(5))));
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->body, "hello");
}

TEST(HttpClient, ANameThatDoesNotResolveIsDns) {
  EXPECT_EQ(reason_of_answer(ask_at("no-such-host:80")), Reason::dns);
}

TEST(HttpClient, LinkLocalAddressesAreRefusedUnlessListed) {
  for (const auto* address : {"169.254.169.254:80", "[fe80::1]:80"}) {
    ClientLoop process;
    process.environment.resolve =
        [](std::string host, Mono) -> asio::awaitable<Polled<std::vector<asio::ip::address>>> {
      co_return std::vector<asio::ip::address>(1, asio::ip::make_address(host));
    };
    HttpClient client({}, address, process.environment);
    const auto answer = process.run(client.ask({}, in(seconds(2))));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, Reason::permission) << address;
  }
}

TEST(HttpClient, MappedLinkLocalAddressesAreLinkLocal) {
  EXPECT_TRUE(is_link_local(asio::ip::make_address("::ffff:169.254.169.254")));
  EXPECT_TRUE(is_link_local(asio::ip::make_address("febf::1")));
  EXPECT_FALSE(is_link_local(asio::ip::make_address("169.253.1.1")));
  EXPECT_FALSE(is_link_local(asio::ip::make_address("fec0::1")));
}

TEST(HttpClient, OneConnectionServesRequestAfterRequest) {
  auto script = saying(kOk);
  script.again = true;
  const HostileServer server(script);
  ClientLoop process;
  int connects = 0;
  process.environment.may_connect = [&](Mono) -> asio::awaitable<Polled<void>> {
    ++connects;
    co_return Polled<void>();
  };
  HttpClient client({}, server.address(), process.environment);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(process.run(client.ask({}, in(seconds(5)))));
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(connects, 1);
}

TEST(HttpClient, AConnectionThatTheServerClosedIsReplacedAndItsPlaceAskedFor) {
  const HostileServer server(saying(kOk));
  ClientLoop process;
  int connects = 0;
  process.environment.may_connect = [&](Mono) -> asio::awaitable<Polled<void>> {
    ++connects;
    co_return Polled<void>();
  };
  HttpClient client({}, server.address(), process.environment);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(process.run(client.ask({}, in(seconds(5)))));
  EXPECT_EQ(server.accepted(), 3);
  EXPECT_EQ(connects, 3);
}

TEST(HttpClient, NoPlaceToConnectIsToldAsSuch) {
  const HostileServer server(saying(kOk));
  ClientLoop process;
  process.environment.may_connect = [](Mono) -> asio::awaitable<Polled<void>> {
    co_return tl::unexpected(Failure{Reason::deadline, "full"});
  };
  HttpClient client({}, server.address(), process.environment);
  const auto answer = process.run(client.ask({}, in(seconds(5))));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text, "full");
  EXPECT_EQ(server.accepted(), 0);
}

TEST(HttpClient, DestroyedDuringARequestItEndsIt) {
  const HostileServer server(saying("", Script::End::hangs));
  ClientLoop process;
  auto client = std::make_unique<HttpClient>(HttpSettings{}, server.address(), process.environment);
  asio::steady_timer soon(process.loop, milliseconds(100));
  soon.async_wait([&](asio::error_code) { client.reset(); });
  const auto began = std::chrono::steady_clock::now();
  const auto answer = process.run(client->ask({}, in(seconds(20))));
  EXPECT_FALSE(answer);
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5));
}

TEST(HttpPath, StaysWithinSchemeHostAndPort) {
  EXPECT_EQ(path_within("http://a:80/x/y", "z?q=1"), "/x/z?q=1");
  EXPECT_EQ(path_within("http://a:80/x", "http://a/z"), "/z");
  EXPECT_EQ(path_within("http://a:80/x", "https://a/z"), std::nullopt);
  EXPECT_EQ(path_within("http://a:80/x", "http://a:81/z"), std::nullopt);
  EXPECT_EQ(path_within("http://a:80/x", "//b/z"), std::nullopt);
  EXPECT_EQ(path_within("http://a:80/x", "http://user@a/z"), std::nullopt);
}

// An edge POP at a fixed address, which calls itself as the world does.
TEST(HttpPath, ToTheNameThatTheServerGoesByIsWithinTheHost) {
  const std::string pop = "http://10.0.0.1:8080/x";
  EXPECT_EQ(path_within(pop, "http://www.example.com/z?q=1", "www.example.com"), "/z?q=1");
  EXPECT_EQ(path_within(pop, "http://10.0.0.1:8080/z", "www.example.com"), "/z");
  EXPECT_EQ(path_within(pop, "http://www.example.com:81/z", "www.example.com"), std::nullopt);
  EXPECT_EQ(path_within(pop, "https://www.example.com/z", "www.example.com"), std::nullopt);
  EXPECT_EQ(path_within(pop, "http://example.com/z", "www.example.com"), std::nullopt);
  EXPECT_EQ(path_within(pop, "http://b/z", "not a host"), std::nullopt);
  EXPECT_EQ(path_within("http://a:80/x", "file:///etc/passwd"), std::nullopt);
}

TEST(HttpErrors, StatusesHaveTheirReasons) {
  EXPECT_EQ(status_failure(401).reason, Reason::auth);
  EXPECT_EQ(status_failure(403).reason, Reason::permission);
  EXPECT_EQ(status_failure(404).reason, Reason::unsupported);
  EXPECT_EQ(status_failure(501).reason, Reason::unsupported);
  EXPECT_EQ(status_failure(503).reason, Reason::overload);
  EXPECT_EQ(status_failure(429).reason, Reason::overload);
  EXPECT_EQ(status_failure(500).reason, Reason::protocol);
}

}  // namespace
}  // namespace mse
