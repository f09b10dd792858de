// The server over real sockets, also under requests that are not HTTP.
#include "exporter/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/support/gunzip.h"
#include "tests/support/http_client.h"
#include "tests/support/rich_snapshot.h"

namespace mse {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Page> fresh_page(Duration age = Duration::zero()) {
  SelfMetrics self("v", {});
  Snapshot snapshot = rich_snapshot();
  snapshot.incomplete = 0;
  snapshot.at = std::chrono::steady_clock::now() - age;
  return make_page(std::make_shared<const Snapshot>(std::move(snapshot)), {}, self, {});
}

std::unique_ptr<Server> started(ServerSettings settings = {}) {
  settings.listen_address = "127.0.0.1:0";
  auto server = Server::start(std::move(settings));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

// One server for all tests that want nothing special of it: stopping one takes up to two seconds.
class RunningServer : public testing::Test {
 protected:
  static void SetUpTestSuite() { server = started(); }
  static void TearDownTestSuite() { server.reset(); }

  static inline std::unique_ptr<Server> server;
};

TEST_F(RunningServer, GivesThePageToGetAndItsSizeToHead) {
  const auto page = fresh_page();
  server->publish(page);
  const Response get = request(server->port(), "GET", "/metrics");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body, page->metrics);
  EXPECT_EQ(get.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const Response head = request(server->port(), "HEAD", "/metrics");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(page->metrics.size()));
}

TEST_F(RunningServer, ACompressedPageIsTheSamePage) {
  const auto page = fresh_page();
  server->publish(page);
  const Response response =
      request(server->port(), "GET", "/metrics", "Accept-Encoding: deflate, gzip;q=0.5\r\n");
  EXPECT_EQ(response.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(gunzip(response.body), page->metrics);
  const Response plain =
      request(server->port(), "GET", "/metrics", "Accept-Encoding: gzip;q=0\r\n");
  EXPECT_EQ(plain.headers.count("content-encoding"), 0U);
  EXPECT_EQ(plain.body, page->metrics);
}

TEST(Server, ReadinessFollowsThePageAndItsAge) {
  const auto server = started();
  EXPECT_EQ(request(server->port(), "GET", "/-/ready").status, 503);
  EXPECT_EQ(request(server->port(), "GET", "/").status, 200);
  server->publish(fresh_page());
  EXPECT_EQ(request(server->port(), "GET", "/-/ready").status, 200);
  const auto stale = fresh_page(std::chrono::minutes(2));
  server->publish(stale);
  EXPECT_EQ(request(server->port(), "GET", "/-/ready").status, 503);
  const Response metrics = request(server->port(), "GET", "/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(metrics.body, stale->self_metrics);
  EXPECT_EQ(request(server->port(), "GET", "/-/healthy").status, 200);
}

TEST_F(RunningServer, PathsAreDecodedAndQueriesIgnored) {
  server->publish(fresh_page());
  EXPECT_EQ(request(server->port(), "GET", "/metrics?debug=1").status, 200);
  EXPECT_EQ(request(server->port(), "GET", "/%6Detrics").status, 200);
  EXPECT_EQ(request(server->port(), "GET", "/-/nothing").status, 404);
  EXPECT_EQ(request(server->port(), "GET", "/..%2f..%2fetc/passwd").status, 404);
}

TEST(Server, ReloadsOneAtATime) {
  std::atomic<int> running = 0, most = 0, calls = 0;
  ServerSettings settings;
  settings.reload = [&]() -> Result<void> {
    most = std::max(most.load(), ++running);
    std::this_thread::yield();
    --running;
    if (++calls == 1) return fail("mixed.yml:1:1: expected services");
    return {};
  };
  const auto server = started(settings);
  EXPECT_EQ(request(server->port(), "GET", "/-/reload").status, 405);
  const Response failed = exchange(server->port(),
                                   "POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
                                   "body");
  EXPECT_EQ(failed.status, 400);
  EXPECT_EQ(failed.body, "mixed.yml:1:1: expected services\n");
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&] {
      EXPECT_EQ(request(server->port(), "POST", "/-/reload", "Content-Length: 0\r\n").status, 200);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(most, 1);
}

TEST_F(RunningServer, OtherMethodsAndUpgradesAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const Response response = request(server->port(), method, "/metrics", "Content-Length: 0\r\n");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.headers.at("allow"), "GET, HEAD") << method;
  }
  const Response upgrade = request(server->port(), "GET", "/-/healthy",
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                   "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n");
  EXPECT_EQ(upgrade.status, 200);
}

TEST_F(RunningServer, WhatFollowsARequestIsNotAnswered) {
  const Response response =
      exchange(server->port(),
               "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n\x01\x02");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "Healthy.\n");
  EXPECT_EQ(response.headers.at("connection"), "close");
}

TEST_F(RunningServer, ARequestTooLargeIsRefused) {
  const Response response =
      request(server->port(), "GET", "/metrics", "X: " + std::string(30000, 'x') + "\r\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
}

// A thread of the server has a stack of 100 KiB.
TEST_F(RunningServer, ABodyThatIsNestedDeepIsRefused) {
  server->publish(fresh_page());
  for (const std::string path : {"/api/v1/gate/flagger", "/api/v1/gate/flagger/rollback"}) {
    const std::string body =
        "{\"metadata\":" + std::string(30000, '[') + std::string(30000, ']') + "}";
    const Response response =
        exchange(server->port(), "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("nested deeper than 8"));
  }
}

TEST_F(RunningServer, WhatIsNotHttpEndsTheConnectionOnly) {
  for (const std::string& bytes :
       {std::string("\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01", 6) + "\r\n\r\n",
        std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET http://elsewhere/ HTTP/1.1\r\n\r\n"),
        std::string("GET * HTTP/1.1\r\n\r\n"),
        std::string("GET /\xFF\xFE HTTP/1.1\r\nHost: \xFF\r\n\r\n"),
        std::string("GET /%00 HTTP/1.1\r\n: \r\n\r\n"), std::string(100, '\0') + "\r\n\r\n",
        std::string("POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")}) {
    const Response response = exchange(server->port(), bytes);
    EXPECT_NE(response.status, 500) << bytes;
  }
  EXPECT_EQ(request(server->port(), "GET", "/-/healthy").status, 200);
}

TEST_F(RunningServer, AFewIdleConnectionsDoNotStopAScrape) {
  server->publish(fresh_page());
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 6; ++i) {
    idle.push_back(std::make_unique<Connection>(server->port()));
    idle.back()->send("GET /metrics HTTP/1.1\r\n");
  }
  EXPECT_EQ(request(server->port(), "GET", "/metrics").status, 200);
}

TEST(Server, TellsTheStatusOfEachAnswer) {
  std::mutex mutex;
  std::multiset<int> statuses;
  ServerSettings settings;
  settings.answered = [&](int status) {
    const std::lock_guard lock(mutex);
    statuses.insert(status);
  };
  {
    const auto server = started(settings);
    request(server->port(), "GET", "/-/healthy");
    request(server->port(), "GET", "/nothing");
    request(server->port(), "POST", "/-/reload", "Content-Length: 0\r\n");
  }
  EXPECT_EQ(statuses, (std::multiset<int>{200, 403, 404}));
}

TEST_F(RunningServer, PagesMayBeReplacedWhileTheyAreRead) {
  const auto one = fresh_page();
  const auto other = fresh_page(std::chrono::seconds(1));
  server->publish(one);
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    while (!done) {
      server->publish(other);
      server->publish(one);
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(request(server->port(), "GET", "/metrics").body, one->metrics);
  }
  done = true;
  publisher.join();
}

TEST(ServerStart, SaysThatThePortIsTaken) {
  const auto first = started();
  ServerSettings settings;
  settings.listen_address = "127.0.0.1:" + std::to_string(first->port());
  const auto second = Server::start(settings);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              testing::AllOf(testing::StartsWith("cannot listen on " + settings.listen_address),
                             HasSubstr("Address already in use")));
}

TEST(ServerStart, RefusesWhatItCannotListenOn) {
  for (const char* address : {"nowhere", "127.0.0.1:80s", "256.0.0.1:80"}) {
    ServerSettings settings;
    settings.listen_address = address;
    EXPECT_FALSE(Server::start(settings)) << address;
  }
  ServerSettings settings;
  settings.listen_address = "127.0.0.1:0";
  for (const char* path : {"", "metrics", "/-/metrics"}) {
    settings.telemetry_path = path;
    const auto server = Server::start(settings);
    ASSERT_FALSE(server) << path;
    EXPECT_THAT(server.error().message, HasSubstr("telemetry path"));
  }
}

TEST(ServerStart, ListensOnIpv4LoopbackOnly) {
  for (const char* address : {":0", "0.0.0.0:0", "[::1]:0", "[::]:0", "192.0.2.1:0"}) {
    ServerSettings settings;
    settings.listen_address = address;
    const auto server = Server::start(settings);
    ASSERT_FALSE(server) << address;
    EXPECT_THAT(server.error().message, HasSubstr("IPv4 loopback"));
  }
}

TEST(Server, ServesOnlyWhomTheFrontDoorLetIn) {
  ServerSettings settings;
  settings.callers = std::make_shared<Callers>();
  const auto server = started(settings);
  EXPECT_EQ(request(server->port(), "GET", "/-/healthy").status, 403);
  EXPECT_EQ(request(server->port(), "POST", "/-/reload", "Content-Length: 0\r\n").status, 403);
}

}  // namespace
}  // namespace mse
