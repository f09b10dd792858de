// The Redis client against servers that hang, lie, flood and hang up.
#include "collectors/client/redis.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "exporter/resolver.h"
#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Outcome {
  Reason reason = Reason::internal;
  std::string text;
  Duration took{};
  std::size_t grown = 0;  // peak memory
  bool connected = true;
};

RedisSettings settings() {
  RedisSettings settings;
  settings.reply_budget = 4U << 20U;
  return settings;
}

std::vector<RedisCommand> info() {
  return std::vector<RedisCommand>(1, RedisCommand(1, "INFO"));
}

Outcome ask_at(const std::string& address, Duration limit, RedisSettings with) {
  ClientLoop process;
  RedisClient client(std::move(with), address, process.environment);
  forget_peak_memory();
  const auto before = resident_bytes();
  const auto began = std::chrono::steady_clock::now();
  const auto replies = process.run(client.request(info(), in(limit)));
  Outcome outcome;
  outcome.took = std::chrono::steady_clock::now() - began;
  outcome.grown = peak_resident_bytes() - before;
  outcome.connected = client.connected();
  EXPECT_FALSE(replies) << "a hostile server was believed";
  if (!replies) outcome.reason = replies.error().reason, outcome.text = replies.error().text;
  return outcome;
}

Outcome ask(Script script, Duration limit = seconds(5), RedisSettings with = settings()) {
  const HostileServer server(std::move(script));
  return ask_at(server.address(), limit, std::move(with));
}

Script saying(std::string says, Script::End end = Script::End::hangs) {
  Script script;
  script.says = std::move(says);
  script.end = end;
  return script;
}

void expect_quick(const Outcome& outcome, Reason reason) {
  EXPECT_EQ(name(outcome.reason), name(reason)) << outcome.text;
  EXPECT_LT(outcome.took, seconds(3)) << outcome.text;
  EXPECT_LT(outcome.grown, kMemorySlack) << outcome.text;
  EXPECT_FALSE(outcome.connected);
}

void expect_deadline(const Outcome& outcome, Duration limit) {
  EXPECT_EQ(name(outcome.reason), name(Reason::deadline)) << outcome.text;
  EXPECT_GE(outcome.took, limit - milliseconds(5));
  EXPECT_LT(outcome.took, limit + milliseconds(400));
  EXPECT_FALSE(outcome.connected);
}

TEST(RedisClient, AServerThatAcceptsAndHangsFailsAtTheDeadline) {
  expect_deadline(ask(Script{}, milliseconds(300)), milliseconds(300));
}

TEST(RedisClient, AServerThatDripsFailsAtTheDeadline) {
  auto script = saying("$200\r\n" + std::string(200, 'x') + "\r\n");
  script.pause = milliseconds(20);
  expect_deadline(ask(script, milliseconds(500)), milliseconds(500));
}

TEST(RedisClient, AStalledTlsHandshakeFailsAtTheDeadline) {
  auto with = settings();
  with.stream.tls = StreamTls::verify_full;
  expect_deadline(ask(Script{}, milliseconds(300), with), milliseconds(300));
}

TEST(RedisClient, AServerWithoutTlsIsAnErrorThatNamesTheKeyToSet) {
  auto with = settings();
  with.stream.tls = StreamTls::verify_full;
  const auto outcome = ask(saying("-ERR unknown command\r\n"), seconds(5), with);
  expect_quick(outcome, Reason::tls);
  EXPECT_NE(outcome.text.find("tls: {mode: off}"), std::string::npos) << outcome.text;
}

TEST(RedisClient, GarbageIsProtocol) {
  expect_quick(ask(saying("HTTP/1.1 400 Bad Request\r\n\r\n")), Reason::protocol);
}

TEST(RedisClient, LengthsThatLieAreTooLarge) {
  expect_quick(ask(saying("*2147483647\r\n")), Reason::too_large);
  expect_quick(ask(saying("$9000000000000000000\r\n")), Reason::too_large);
  expect_quick(ask(saying("*1\r\n$9000000000000000000\r\n")), Reason::too_large);
}

TEST(RedisClient, ABodyOfTwoGigabytesIsTooLargeBeforeItIsRead) {
  auto script = saying("$2147483648\r\n");
  script.repeats = std::string(1U << 16U, 'x');
  expect_quick(ask(script), Reason::too_large);
}

TEST(RedisClient, AFloodIsTooLarge) {
  auto script = saying("*40000\r\n");
  script.repeats = "$5\r\nflood\r\n";
  expect_quick(ask(script), Reason::too_large);
  auto line = saying("+");
  line.repeats = std::string(4096, 'x');
  expect_quick(ask(line), Reason::too_large);
}

TEST(RedisClient, AResetAndAnEndAreReset) {
  expect_quick(ask(saying("$200\r\nhalf", Script::End::resets)), Reason::reset);
  expect_quick(ask(saying("", Script::End::closes)), Reason::reset);
}

TEST(RedisClient, MoreThanWasAskedForIsProtocol) {
  expect_quick(ask(saying("+OK\r\n+OK\r\n")), Reason::protocol);
}

TEST(RedisClient, ALoginThatIsMissingOrWrongIsAuth) {
  expect_quick(ask(saying("-NOAUTH Authentication required.\r\n")), Reason::auth);
  auto with = settings();
  with.password = Secret("canary-3f9");
  const auto outcome =
      ask(saying("-WRONGPASS invalid username-password pair\r\n"), seconds(5), with);
  expect_quick(outcome, Reason::auth);
  EXPECT_EQ(outcome.text.find("canary"), std::string::npos);
}

TEST(RedisClient, ALoginThatTheServerRepeatsIsAuthAndShowsNoPassword) {
  auto with = settings();
  with.password = Secret("canary-3f9");
  for (const std::string answer :
       {"-ERR unknown command 'AUTH', with args beginning with: 'canary-3f9' \r\n",
        "-NOAUTH canary-3f9\r\n", "-canary-3f9\r\n", "+canary-3f9\r\n"}) {
    const auto outcome = ask(saying(answer), seconds(5), with);
    expect_quick(outcome, answer[0] == '-' ? Reason::auth : Reason::protocol);
    EXPECT_EQ(outcome.text.find("canary"), std::string::npos) << outcome.text;
    EXPECT_NE(outcome.text.find("AUTH"), std::string::npos) << outcome.text;
  }
}

TEST(RedisClient, TooManyClientsIsOverload) {
  expect_quick(ask(saying("-ERR max number of clients reached\r\n")), Reason::overload);
}

TEST(RedisClient, APortWhereNobodyListensIsRefused) {
  std::string address;
  {
    const HostileServer server{Script{}};
    address = server.address();
  }
  expect_quick(ask_at(address, seconds(5), settings()), Reason::refused);
}

// Looks names up until it is let go.
class HangingDns {
 public:
  explicit HangingDns(ClientLoop& process)
      : resolver_(process.loop.get_executor(), {}, [end = end_.get_future().share()](const auto&) {
          end.wait();
          return Polled<Addresses>(tl::unexpected(Failure{Reason::dns, "at the end"}));
        }) {
    process.environment.resolve = [this](std::string host, Mono deadline) {
      return resolver_.resolve(std::move(host), deadline);
    };
  }
  HangingDns(const HangingDns&) = delete;
  HangingDns& operator=(const HangingDns&) = delete;
  ~HangingDns() { end_.set_value(); }

 private:
  std::promise<void> end_;
  Resolver resolver_;
};

TEST(RedisClient, ANameServerThatHangsFailsAtTheDeadlineAndDelaysNoNeighbour) {
  const HostileServer neighbour(saying("+OK\r\n"));
  ClientLoop process;
  const HangingDns dns(process);
  RedisClient hung(settings(), "redis.internal", process.environment);
  RedisClient other(settings(), neighbour.address(), process.environment);
  std::optional<Duration> answered;
  const auto began = std::chrono::steady_clock::now();
  asio::co_spawn(process.loop, other.request(info(), in(seconds(5))),
                 [&](const std::exception_ptr&, const Polled<std::vector<RedisReply>>& replies) {
                   EXPECT_TRUE(replies);
                   answered = std::chrono::steady_clock::now() - began;
                 });
  const auto replies = process.run(hung.request(info(), in(milliseconds(300))));
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_FALSE(replies);
  EXPECT_EQ(name(replies.error().reason), name(Reason::deadline)) << replies.error().text;
  EXPECT_LT(took, milliseconds(700));
  ASSERT_TRUE(answered);
  EXPECT_LT(*answered, milliseconds(250));
}

TEST(RedisClient, ANameThatIsNoneIsDns) {
  expect_quick(ask_at("nowhere.invalid", seconds(5), settings()), Reason::dns);
}

}  // namespace
}  // namespace mse
