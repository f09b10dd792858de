// More lies of HTTP servers, and what hostile nodes cost those beside them.
#include <gmock/gmock.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "collectors/client/http.h"
#include "exporter/resolver.h"
#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Script saying(std::string says, Script::End end = Script::End::closes) {
  Script script;
  script.reads_request = true;
  script.says = std::move(says);
  script.end = end;
  return script;
}

Script repeating(std::string says, std::string repeats) {
  auto script = saying(std::move(says));
  script.repeats = std::move(repeats);
  return script;
}

Polled<HttpAnswer> ask(const Script& script, Duration limit = seconds(5)) {
  const HostileServer server(script);
  ClientLoop process;
  HttpClient client({}, server.address(), process.environment);
  return process.run(client.ask({}, in(limit)));
}

Reason reason(const Script& script, Duration limit = seconds(5)) {
  const auto began = std::chrono::steady_clock::now();
  const auto answer = ask(script, limit);
  EXPECT_LT(std::chrono::steady_clock::now() - began, limit + milliseconds(600));
  EXPECT_FALSE(answer) << "a hostile server was believed";
  return answer ? Reason::internal : answer.error().reason;
}

TEST(HttpHostile, ALengthThatIsNoLengthIsNoAnswer) {
  for (const auto* length : {"-5", "many"})
    EXPECT_EQ(reason(saying(std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length +
                            "\r\n\r\nhello")),
              Reason::protocol)
        << length;
  EXPECT_EQ(reason(saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
                          Script::End::hangs)),
            Reason::too_large);
}

TEST(HttpHostile, ChunksThatAreNoneAreProtocol) {
  for (const auto* chunk : {"zz\r\nhello\r\n", "FFFFFFFFFFFFFFFFFF\r\nhello", "-1\r\nhello\r\n",
                            "5\r\nhello, and more than was said\r\n"})
    EXPECT_EQ(reason(saying(kChunked + chunk, Script::End::hangs)), Reason::protocol) << chunk;
}

TEST(HttpHostile, ChunksThatEndTooSoonAreReset) {
  EXPECT_EQ(reason(saying(kChunked + "5\r\nhel")), Reason::reset);
  EXPECT_EQ(reason(saying(kChunked + "5\r\nhello\r\n")), Reason::reset);
}

TEST(HttpHostile, AChunkThatNeverEndsCostsTheDeadlineOnly) {
  EXPECT_EQ(reason(saying(kChunked + "7FFFFFFF\r\nhel", Script::End::hangs), milliseconds(300)),
            Reason::deadline);
}

TEST(HttpHostile, ChunksWithoutEndAreTooLargeAndMemoryStaysFlat) {
  forget_peak_memory();
  const auto before = resident_bytes();
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(reason(repeating(kChunked, chunk), seconds(20)), Reason::too_large);
  EXPECT_EQ(reason(repeating(kChunked + "7FFFFFFF\r\n", std::string(0x10000, 'x')), seconds(20)),
            Reason::too_large);
  EXPECT_LT(peak_resident_bytes(), before + kMemorySlack);
}

TEST(HttpHostile, TrailersAndInterimAnswersWithoutEndAreTooLarge) {
  EXPECT_EQ(reason(repeating(kChunked + "0\r\n", "X-More: " + std::string(500, 'x') + "\r\n")),
            Reason::too_large);
  EXPECT_EQ(reason(repeating("", "HTTP/1.1 100 Continue\r\n\r\n")), Reason::too_large);
}

TEST(HttpHostile, AnswersOfNoStatusOrOfNoVersionOfOursAreProtocol) {
  for (const auto* head : {"HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 2\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
                           "ICY 200 OK\r\n\r\n", "220 mail.test ESMTP\r\n", "SSH-2.0-x\r\n"})
    EXPECT_EQ(reason(saying(head)), Reason::protocol) << head;
}

TEST(HttpHostile, AByteOfBodyNowAndThenCostsTheDeadlineOnly) {
  auto script = saying("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + std::string(900, 'x'),
                       Script::End::hangs);
  script.pause = milliseconds(1);
  EXPECT_EQ(reason(script, milliseconds(400)), Reason::deadline);
}

// A thread of the resolver that hangs until the test ends.
struct HungNames {
  std::mutex lock;
  std::condition_variable opened;
  bool open = false;

  Polled<Addresses> look_up(const std::string& host) {
    std::unique_lock held(lock);
    if (host == "hung.test") opened.wait(held, [this] { return open; });
    return Addresses(1, asio::ip::address_v4::loopback());
  }
  void end() {
    const std::lock_guard held(lock);
    open = true;
    opened.notify_all();
  }
};

TEST(HttpHostile, ANameThatHangsCostsItsDeadlineAndNoOtherName) {
  const HostileServer server(saying(kOk, Script::End::hangs));
  const auto port = server.address().substr(server.address().find(':'));
  const auto names = std::make_shared<HungNames>();
  ClientLoop process;
  Resolver resolver(process.environment.executor, {},
                    [names](const std::string& host) { return names->look_up(host); });
  process.environment.resolve = [&](std::string host, Mono deadline) {
    return resolver.resolve(std::move(host), deadline);
  };
  HttpClient hung({}, "hung.test" + port, process.environment);
  HttpClient fine({}, "fine.test" + port, process.environment);
  const auto began = std::chrono::steady_clock::now();
  std::optional<Polled<HttpAnswer>> late;
  asio::co_spawn(process.loop, hung.ask({}, in(milliseconds(400))),
                 [&](const std::exception_ptr&, Polled<HttpAnswer> answer) { late = answer; });
  Duration beside{};
  asio::co_spawn(process.loop, fine.ask({}, in(seconds(5))),
                 [&](const std::exception_ptr&, const Polled<HttpAnswer>& answer) {
                   EXPECT_TRUE(answer) << answer.error().text;
                   beside = std::chrono::steady_clock::now() - began;
                 });
  process.loop.run();
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(1000));
  EXPECT_LT(beside, milliseconds(350));
  ASSERT_TRUE(late);
  ASSERT_FALSE(*late);
  EXPECT_EQ(late->error().reason, Reason::deadline);
  names->end();
}

TEST(HttpHostile, ANameThatLeadsToALinkLocalAddressIsRefused) {
  ClientLoop process;
  process.environment.resolve =
      [](std::string, Mono) -> asio::awaitable<Polled<std::vector<asio::ip::address>>> {
    co_return std::vector<asio::ip::address>(1, asio::ip::make_address("169.254.169.254"));
  };
  HttpClient client({}, "metadata.test", process.environment);
  const auto answer = process.run(client.ask({}, in(seconds(2))));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::permission);
}

// All of them on one loop: the healthy one among them is asked again and again meanwhile.
TEST(HttpHostile, NeighboursOfHostileServersAreAnsweredAtOnce) {
  auto dripping = saying(kOk, Script::End::hangs);
  dripping.pause = milliseconds(50);
  const std::vector<Script> scripts{
      saying("", Script::End::hangs),
      dripping,
      saying("\x01\x02 garbage\r\n\r\n"),
      saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", Script::End::resets),
      repeating("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n", std::string(65536, 'x')),
      repeating("HTTP/1.1 200 OK\r\n\r\n", std::string(65536, 'x')),
      repeating(kChunked, "1\r\nx\r\n"),
      repeating("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
  };
  ClientLoop process;
  std::vector<std::unique_ptr<HostileServer>> servers;
  std::vector<std::unique_ptr<HttpClient>> clients;
  forget_peak_memory();
  const auto before = resident_bytes();
  std::size_t ended = 0;
  for (const auto& script : scripts) {
    servers.push_back(std::make_unique<HostileServer>(script));
    clients.push_back(std::make_unique<HttpClient>(HttpSettings{}, servers.back()->address(),
                                                   process.environment));
    asio::co_spawn(process.loop, clients.back()->ask({}, in(seconds(2))),
                   [&](const std::exception_ptr& error, const Polled<HttpAnswer>& answer) {
                     EXPECT_FALSE(error);
                     EXPECT_FALSE(answer);
                     ++ended;
                   });
  }
  auto healthy = saying(kOk);
  healthy.again = true;
  const HostileServer neighbour(healthy);
  HttpClient client({}, neighbour.address(), process.environment);
  Duration slowest{};
  int answers = 0;
  const auto limit = in(seconds(10));
  while (ended < scripts.size() && std::chrono::steady_clock::now() < limit) {
    const auto began = std::chrono::steady_clock::now();
    std::optional<bool> answered;
    asio::co_spawn(process.loop, client.ask({}, in(seconds(2))),
                   [&](const std::exception_ptr&, const Polled<HttpAnswer>& answer) {
                     answered = answer.has_value();
                   });
    while (!answered) process.loop.run_one();
    EXPECT_TRUE(*answered);
    slowest = std::max(slowest, Duration(std::chrono::steady_clock::now() - began));
    ++answers;
  }
  EXPECT_EQ(ended, scripts.size());
  EXPECT_GT(answers, 10);
  EXPECT_LT(slowest, milliseconds(700));
  EXPECT_LT(peak_resident_bytes(), before + 4 * kMemorySlack);
}

}  // namespace
}  // namespace mse
