// The PostgreSQL client against servers that hang, lie, flood and hang up.
#include "collectors/client/postgres.h"

#include <gtest/gtest.h>

#include <asio/steady_timer.hpp>
#include <chrono>

#include "tests/support/client_loop.h"
#include "tests/support/hostile_server.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSlack = milliseconds(400);

struct Outcome {
  Reason reason = Reason::internal;
  std::string text;
  Duration took{};
  std::size_t grown = 0;  // peak memory
  bool connected = false;
};

PostgresSettings settings() {
  PostgresSettings settings;
  settings.user = "someone";
  settings.reply_budget = 4U << 20U;
  return settings;
}

Outcome ask(ClientLoop& process, PostgresClient& client, Duration limit) {
  forget_peak_memory();
  const auto before = resident_bytes();
  const auto began = std::chrono::steady_clock::now();
  const auto rows = process.run(client.query("SELECT 1", in(limit)));
  Outcome outcome;
  outcome.took = std::chrono::steady_clock::now() - began;
  outcome.grown = peak_resident_bytes() - before;
  outcome.connected = client.connected();
  EXPECT_FALSE(rows) << "a hostile server was believed";
  if (!rows) outcome.reason = rows.error().reason, outcome.text = rows.error().text;
  return outcome;
}

Outcome ask(Script script, Duration limit = seconds(5), PostgresSettings with = settings()) {
  const HostileServer server(std::move(script));
  const auto sockets = open_sockets();
  Outcome outcome;
  {
    ClientLoop process;
    PostgresClient client(std::move(with), server.address(), process.environment);
    outcome = ask(process, client, limit);
  }
  // The server closes its end on its own thread.
  const auto patience = in(seconds(5));
  // Judged by what was seen last: a cancel that arrives late is accepted by the server and closed.
  auto open = open_sockets();
  while (open > sockets && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
    open = open_sockets();
  }
  EXPECT_LE(open, sockets) << "a socket leaked";
  return outcome;
}

Script after_login(std::string says) {
  Script script;
  script.logs_in = true;
  script.says = std::move(says);
  return script;
}

void expect_quick(const Outcome& outcome, Reason reason) {
  EXPECT_EQ(name(outcome.reason), name(reason)) << outcome.text;
  EXPECT_LT(outcome.took, seconds(3)) << outcome.text;
  EXPECT_LT(outcome.grown, kMemorySlack) << outcome.text;
}

void expect_deadline(const Outcome& outcome, Duration limit) {
  EXPECT_EQ(name(outcome.reason), name(Reason::deadline)) << outcome.text;
  EXPECT_GE(outcome.took, limit - milliseconds(5));
  EXPECT_LT(outcome.took, limit + kSlack);
}

TEST(PostgresClient, AServerThatAcceptsAndHangsFailsAtTheDeadline) {
  const auto outcome = ask(Script{}, milliseconds(300));
  expect_deadline(outcome, milliseconds(300));
  EXPECT_FALSE(outcome.connected);
}

TEST(PostgresClient, AServerThatHangsAfterTheQueryFailsAtTheDeadline) {
  expect_deadline(ask(after_login(""), milliseconds(300)), milliseconds(300));
}

TEST(PostgresClient, AServerThatDripsFailsAtTheDeadline) {
  auto script = after_login(row_description() + data_row(std::string(200, 'x')));
  script.pause = milliseconds(20);
  expect_deadline(ask(script, milliseconds(500)), milliseconds(500));
}

TEST(PostgresClient, AStalledTlsHandshakeFailsAtTheDeadline) {
  auto with = settings();
  with.tls = PostgresTls::verify_full;
  Script script;
  script.answers_tls = "S";
  expect_deadline(ask(script, milliseconds(300), with), milliseconds(300));
}

TEST(PostgresClient, AServerWithoutTlsIsAnErrorThatNamesTheKeyToSet) {
  auto with = settings();
  with.tls = PostgresTls::verify_full;
  Script script;
  script.answers_tls = "N";
  const auto outcome = ask(script, seconds(5), with);
  expect_quick(outcome, Reason::tls);
  EXPECT_NE(outcome.text.find("tls: {mode: off}"), std::string::npos) << outcome.text;
}

TEST(PostgresClient, AnAnswerToTheTlsRequestThatIsNoneIsProtocol) {
  auto with = settings();
  with.tls = PostgresTls::verify_full;
  Script script;
  script.answers_tls = "HTTP/1.1 400 Bad Request\r\n\r\n";
  expect_quick(ask(script, seconds(5), with), Reason::protocol);
}

TEST(PostgresClient, GarbageInsteadOfALoginIsProtocol) {
  Script script;
  script.says = "HTTP/1.1 400 Bad Request\r\n\r\nGarbage, and more of it.";
  expect_quick(ask(script), Reason::protocol);
}

TEST(PostgresClient, GarbageInsteadOfAReplyIsProtocol) {
  expect_quick(ask(after_login(std::string(64, '\x03'))), Reason::protocol);
}

TEST(PostgresClient, AResetInTheMiddleOfAReplyIsReset) {
  auto script = after_login(row_description() + data_row("half of the rows"));
  script.end = Script::End::resets;
  const auto outcome = ask(script);
  expect_quick(outcome, Reason::reset);
  EXPECT_FALSE(outcome.connected);
}

TEST(PostgresClient, AServerThatHangsUpIsReset) {
  Script script;
  script.end = Script::End::closes;
  expect_quick(ask(script), Reason::reset);
  script = after_login("");
  script.end = Script::End::closes;
  expect_quick(ask(script), Reason::reset);
}

TEST(PostgresClient, APortThatNobodyListensOnIsRefused) {
  std::string address;
  {
    const HostileServer gone{Script{}};
    address = gone.address();
  }
  ClientLoop process;
  PostgresClient client(settings(), address, process.environment);
  expect_quick(ask(process, client, seconds(5)), Reason::refused);
}

TEST(PostgresClient, AMissingUnixSocketIsRefused) {
  ClientLoop process;
  PostgresClient client(settings(), "/no/such/directory", process.environment);
  expect_quick(ask(process, client, seconds(5)), Reason::refused);
}

TEST(PostgresClient, ANameWithoutAddressesIsDns) {
  ClientLoop process;
  PostgresClient client(settings(), "nowhere.invalid", process.environment);
  expect_quick(ask(process, client, seconds(5)), Reason::dns);
}

TEST(PostgresClient, AnEndlessStreamOfRowsIsTooLargeInFlatMemory) {
  auto script = after_login(row_description());
  for (int i = 0; i < 100; ++i) script.repeats += data_row(std::string(1000, 'x'));
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, AnEndlessStreamOfEmptyRowsIsTooLargeInFlatMemory) {
  auto script = after_login(message('T', std::string(2, '\0')));
  for (int i = 0; i < 10000; ++i) script.repeats += message('D', std::string(2, '\0'));
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, ARowThatClaimsToHave1400MegabytesIsTooLargeInFlatMemory) {
  auto script =
      after_login(row_description() +
                  message('D', std::string("\0\1", 2) + big_endian(1400000000), 1400000006));
  script.repeats = std::string(1U << 20U, 'x');
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, ANoticeThatClaimsToHave1400MegabytesDuringTheLoginIsTooLargeInFlatMemory) {
  Script script;
  script.says = message('R', big_endian(0)) + message('N', "", 1400000000);
  script.repeats = std::string(1U << 20U, 'x');
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, AFloodOfNoticesIsTooLargeInFlatMemory) {
  auto script = after_login(row_description());
  const std::string fields("SNOTICE\0C00000\0Mlook here\0\0", 27);
  for (int i = 0; i < 1000; ++i) script.repeats += message('N', fields);
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, AFloodDuringTheLoginIsTooLargeInFlatMemory) {
  Script script;
  script.says = message('R', big_endian(0));
  for (int i = 0; i < 1000; ++i) {
    script.repeats += message('S', "name" + std::to_string(i) + '\0' + "value" + '\0');
  }
  expect_quick(ask(script), Reason::too_large);
}

TEST(PostgresClient, ACopyInsteadOfRowsIsProtocol) {
  expect_quick(ask(after_login(message('H', std::string(3, '\0')))), Reason::protocol);
  expect_quick(ask(after_login(message('G', std::string(3, '\0')))), Reason::protocol);
}

TEST(PostgresClient, AServersErrorKeepsTheConnectionAndItsTextIsBounded) {
  const std::string fields =
      std::string("SERROR\0VERROR\0C42501\0M", 22) + std::string(5000, 'm') + std::string(2, '\0');
  const auto outcome = ask(after_login(message('E', fields) + message('Z', "I")));
  expect_quick(outcome, Reason::permission);
  EXPECT_TRUE(outcome.connected);
  EXPECT_LE(outcome.text.size(), 1000U);
}

TEST(PostgresClient, WhileAReplyIsDueNoSecondConnectionIsMade) {
  const HostileServer server(after_login(""));
  ClientLoop process;
  PostgresClient client(settings(), server.address(), process.environment);
  expect_deadline(ask(process, client, milliseconds(200)), milliseconds(200));
  expect_deadline(ask(process, client, milliseconds(200)), milliseconds(200));
  expect_deadline(ask(process, client, milliseconds(200)), milliseconds(200));
  EXPECT_LE(server.accepted(), 2) << "one connection, and one request to cancel";
}

TEST(PostgresClient, MayBeDestroyedDuringALoginOrAQuery) {
  for (const auto& script : {Script{}, after_login("")}) {
    const HostileServer server(script);
    ClientLoop process;
    auto client =
        std::make_unique<PostgresClient>(settings(), server.address(), process.environment);
    asio::steady_timer timer(process.loop, milliseconds(50));
    timer.async_wait([&](asio::error_code) { client.reset(); });
    const auto began = std::chrono::steady_clock::now();
    const auto rows = process.run(client->query("SELECT 1", in(seconds(30))));
    EXPECT_FALSE(rows);
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5));
  }
}

TEST(PostgresClient, ALoopMayEndDuringAQuery) {
  const HostileServer server(after_login(""));
  for (const Duration after : {milliseconds(0), milliseconds(50)}) {
    ClientLoop process;
    PostgresClient client(settings(), server.address(), process.environment);
    auto work = client.query("SELECT 1", in(seconds(30)));
    asio::co_spawn(process.loop, std::move(work), [](std::exception_ptr, Polled<Rows>) {});
    process.loop.run_for(after);
    EXPECT_FALSE(process.loop.stopped());
  }
}

TEST(PostgresClient, ASecondQueryAtTheSameTimeIsRefused) {
  const HostileServer server(after_login(""));
  ClientLoop process;
  PostgresClient client(settings(), server.address(), process.environment);
  std::vector<Reason> reasons;
  for (int i = 0; i < 2; ++i) {
    auto work = client.query("SELECT 1", in(milliseconds(200)));
    asio::co_spawn(process.loop, std::move(work), [&](std::exception_ptr, Polled<Rows> rows) {
      reasons.push_back(rows ? Reason::partial : rows.error().reason);
    });
  }
  process.loop.run();
  EXPECT_EQ(reasons, (std::vector<Reason>{Reason::internal, Reason::deadline}));
}

}  // namespace
}  // namespace mse
