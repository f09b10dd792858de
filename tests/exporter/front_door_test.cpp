// The front door over real sockets, with the HTTP server behind it.
#include "exporter/front_door.h"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "tests/support/client_loop.h"
#include "tests/support/gunzip.h"
#include "tests/support/open_door.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

FrontDoorSettings quick() {
  FrontDoorSettings settings;
  settings.limits.head = settings.limits.body = settings.limits.write = milliseconds(300);
  return settings;
}

bool becomes(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

// One for all tests that want nothing special: stopping the server takes up to two seconds.
class RunningDoor : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ServerSettings behind;
    behind.reload = []() -> Result<void> {
      ++reloads;
      return {};
    };
    open = std::make_unique<OpenDoor>(quick(), behind);
    open->server->publish(page_of("up 1\n"));
  }
  static void TearDownTestSuite() { open.reset(); }
  static int port() { return open->port(); }

  static inline std::unique_ptr<OpenDoor> open;
  static inline std::atomic<int> reloads = 0;
};

TEST_F(RunningDoor, ServesWhatIsBehindIt) {
  const Response get = request(port(), "GET", "/metrics");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body, "up 1\n");
  EXPECT_EQ(get.headers.at("connection"), "close");
  const Response head = request(port(), "HEAD", "/metrics");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "5");
  EXPECT_EQ(head.body, "");
  const Response squeezed = request(port(), "GET", "/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gunzip(squeezed.body), "up 1\n");
  EXPECT_EQ(request(port(), "GET", "/nothing").status, 404);
  EXPECT_EQ(request(port(), "OPTIONS", "/metrics").status, 405);
}

TEST_F(RunningDoor, WhatIsNoRequestIsRefusedByIt) {
  EXPECT_EQ(exchange(port(), "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n").status, 400);
  EXPECT_EQ(exchange(port(), "\x16\x03\x01\x02").status, 400);
  EXPECT_EQ(request(port(), "POST", "/", "Transfer-Encoding: chunked\r\n").status, 400);
  EXPECT_EQ(request(port(), "POST", "/", "Content-Length: 65537\r\n").status, 413);
  EXPECT_EQ(request(port(), "GET", "/", "X: " + std::string(9000, 'x') + "\r\n").status, 431);
  EXPECT_EQ(exchange(port(), "GET / HTTP/3.0\r\nHost: h\r\n\r\n").status, 505);
  const Response refused = request(port(), "GET", "/", "X\r\n");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
}

TEST_F(RunningDoor, WhatDoesNotArriveInTimeIsToldSo) {
  const Connection half_a_head(port());
  half_a_head.send("GET /metrics HTTP/1.1\r\nHost: h\r\n");
  const Connection half_a_body(port());
  half_a_body.send("POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  const Connection silent(port());
  EXPECT_EQ(half_a_head.receive().status, 408);
  EXPECT_EQ(half_a_body.receive().status, 408);
  EXPECT_EQ(silent.receive().status, 408);
}

TEST_F(RunningDoor, DrippingDoesNotBuyTime) {
  const Connection dripping(port());
  std::atomic<bool> ended = false;
  std::thread drip([&] {
    for (const char byte : std::string("GET /metrics HTTP/1.1\r\n") + std::string(8000, 'X')) {
      if (ended) return;
      dripping.send(std::string(1, byte));
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(dripping.receive().status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  ended = true;
  drip.join();
}

TEST_F(RunningDoor, AHalfClosedRequestIsAnswered) {
  const Connection whole(port());
  whole.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  whole.end();
  EXPECT_EQ(whole.receive().body, "up 1\n");
  const Connection cut(port());
  cut.send("GET /metrics HTT");
  cut.end();
  EXPECT_EQ(cut.receive().status, 400);
}

TEST_F(RunningDoor, WhatFollowsARequestIsNotAnswered) {
  const Response response = exchange(port(),
                                     "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n"
                                     "POST /-/reload HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(response.body, "Healthy.\n");
  EXPECT_EQ(reloads, 0);
}

TEST_F(RunningDoor, ReloadIsForThisMachineUnlessItSpeaksForAnother) {
  for (const char* field : {"Origin: http://evil", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy",
                            "X-Forwarded-For: 192.0.2.1"}) {
    const std::string fields = std::string(field) + "\r\nContent-Length: 0\r\n";
    EXPECT_EQ(request(port(), "POST", "/-/reload", fields).status, 403) << field;
  }
  EXPECT_EQ(reloads, 0);
  EXPECT_EQ(exchange(port(), "POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
                .status,
            200);
  EXPECT_EQ(reloads.exchange(0), 1);
}

TEST(FrontDoor, TheGatesHooksWaitForNothingThatChangesSomething) {
  std::promise<void> begun, released;
  ServerSettings behind;
  behind.reload = [&]() -> Result<void> {
    begun.set_value();
    released.get_future().wait();
    return {};
  };
  const OpenDoor open({}, behind);
  open.server->publish(page_of("up 1\n"));
  std::thread reload([&] { request(open.port(), "POST", "/-/reload", "Content-Length: 0\r\n"); });
  begun.get_future().wait();
  const std::string body = R"({"name": "shop"})";
  for (const std::string path : {"/api/v1/gate/flagger", "/api/v1/gate/flagger/rollback"}) {
    const auto response =
        exchange(open.port(), "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_NE(response.status, 0) << path;
    EXPECT_THAT(response.body, HasSubstr("Nothing has been evaluated yet.")) << path;
  }
  released.set_value();
  reload.join();
}

TEST(FrontDoor, ListensOnIpv4AndIpv6) {
  FrontDoorSettings settings;
  settings.listen_address = ":0";
  const OpenDoor open(settings);
  EXPECT_EQ(request(open.port(), "GET", "/-/healthy").status, 200);
  const std::string bytes = "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(exchange(open.port(), bytes, "::1").status, 200);
}

TEST(FrontDoor, SaysThatThePortIsTaken) {
  const OpenDoor open;
  FrontDoorSettings settings;
  settings.listen_address = "127.0.0.1:" + std::to_string(open.port());
  const auto second = FrontDoor::start(settings);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              testing::AllOf(testing::StartsWith("cannot listen on " + settings.listen_address),
                             HasSubstr("Address already in use")));
}

TEST(FrontDoor, AnotherSourceGetsInThoughOneHoldsAllItsPlaces) {
  FrontDoorSettings settings;
  settings.limits.places = {
      .connections = 4, .of_one_source = 3, .kept = 0, .answer_bytes = 1 << 20};
  const OpenDoor open(settings);
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(std::make_unique<Connection>(open.port(), "127.0.0.2"));
  }
  EXPECT_TRUE(idle[0]->closed_within(std::chrono::seconds(4)));
  const std::string bytes = "GET /-/healthy HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(exchange(open.port(), bytes, "127.0.0.3").status, 200);
  EXPECT_FALSE(idle[3]->closed_within(milliseconds(1)));
}

TEST(FrontDoor, InACrowdOnlyTheTelemetryPathIsServed) {
  FrontDoorSettings settings;
  settings.limits.places = {
      .connections = 4, .of_one_source = 4, .kept = 2, .answer_bytes = 1 << 20};
  const OpenDoor open(settings);
  open.server->publish(page_of("up 1\n"));
  const Connection one(open.port()), other(open.port());
  EXPECT_EQ(request(open.port(), "GET", "/-/healthy").status, 503);
  EXPECT_EQ(request(open.port(), "GET", "/metrics").status, 200);
}

TEST(FrontDoor, AnswersThatNobodyReadsAreDroppedWhenTheyAreTooMuch) {
  FrontDoorSettings settings = quick();
  settings.limits.write = std::chrono::seconds(20);
  settings.limits.places.answer_bytes = 24 << 20;
  const OpenDoor open(settings);
  const std::string metrics(10 << 20, 'x');
  open.server->publish(page_of(metrics));
  const std::string bytes = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
  std::vector<std::unique_ptr<Connection>> deaf;
  for (int i = 0; i < 3; ++i) {
    deaf.push_back(std::make_unique<Connection>(open.port(), "127.0.0.2"));
    deaf.back()->send(bytes);
  }
  EXPECT_EQ(exchange(open.port(), bytes, "127.0.0.3").body, metrics);
  int closed = 0;
  for (const auto& each : deaf) closed += each->closed_within(milliseconds(500)) ? 1 : 0;
  EXPECT_GE(closed, 1);
}

TEST(FrontDoor, AClientThatDoesNotReadIsDroppedAtTheDeadline) {
  const OpenDoor open(quick());
  const std::string metrics(16 << 20, 'x');
  open.server->publish(page_of(metrics));
  const auto idle = open_sockets();
  const Connection deaf(open.port());
  deaf.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(becomes([&] { return open_sockets() > idle + 1; })) << "ours and the door's";
  EXPECT_TRUE(becomes([&] { return open_sockets() == idle + 1; })) << "ours";
  const auto got = deaf.receive().body.size();
  EXPECT_GT(got, 0U);
  EXPECT_LT(got, metrics.size());
}

TEST(FrontDoor, TellsTheStatusOfItsOwnAnswers) {
  std::mutex mutex;
  std::multiset<int> statuses;
  FrontDoorSettings settings = quick();
  settings.answered = [&](int status) {
    const std::lock_guard lock(mutex);
    statuses.insert(status);
  };
  const OpenDoor open(settings);
  exchange(open.port(), "nonsense\n");
  request(open.port(), "GET", "/-/healthy");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(statuses, (std::multiset<int>{400}));
}

TEST(FrontDoor, IsGoneAtOnceThoughClientsAreThere) {
  auto open = std::make_unique<OpenDoor>();
  open->server->publish(page_of(std::string(16 << 20, 'x')));
  const Connection idle(open->port()), deaf(open->port()), dripping(open->port());
  deaf.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
  dripping.send("GET /met");
  request(open->port(), "GET", "/-/healthy");
  const auto started = std::chrono::steady_clock::now();
  open->door.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(1));
  EXPECT_TRUE(idle.closed_within(std::chrono::seconds(1)));
}

}  // namespace
}  // namespace mse
