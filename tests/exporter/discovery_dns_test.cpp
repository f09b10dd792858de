// DNS against a private server: records, no records and no answer are told apart, in time.
#include "exporter/discovery_dns.h"

#include <gmock/gmock.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <optional>

#include "exporter/dns_query.h"
#include "tests/support/dns_server.h"
#include "tests/support/event_loop.h"

namespace mse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Records = std::vector<DnsRecord>;

constexpr int kA = 1, kAaaa = 28;
constexpr int kServfail = 2, kNxdomain = 3, kRefused = 5;

Mono now() {
  return std::chrono::steady_clock::now();
}

std::string a_record(int last) {
  return dns_record(kA, std::string("\x0A\x00\x00", 3) + static_cast<char>(last));
}

class Dns : public testing::Test {
 protected:
  void serve(DnsServer::Answer answer, DnsServer::Answer by_tcp = nullptr) {
    server.emplace(io, std::move(answer), std::move(by_tcp));
  }

  Polled<Records> ask(DnsType type, Duration patience = seconds(10)) {
    std::optional<Polled<Records>> result;
    auto work = ask_dns(io.get_executor(), server->servers(), "x.test", type, now() + patience);
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& thrown, Polled<Records> got) {
      EXPECT_FALSE(thrown);
      result = std::move(got);
    });
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); }));
    return *result;
  }

  Polled<std::shared_ptr<const FoundNodes>> find(DnsDiscovery source) {
    DiscoverySettings settings;
    settings.source = source;
    settings.labels = {{"region", "eu"}};
    DiscoveredDns dns(io.get_executor(), settings, server->servers());
    std::optional<Polled<std::shared_ptr<const FoundNodes>>> result;
    asio::co_spawn(io, dns.find(now() + seconds(10)),
                   [&](const std::exception_ptr& thrown, auto got) {
                     EXPECT_FALSE(thrown);
                     result = std::move(got);
                   });
    EXPECT_TRUE(run_until(io, [&] { return result.has_value(); }));
    return *result;
  }

  std::vector<std::string> names(const DnsDiscovery& source) {
    const auto found = find(source);
    std::vector<std::string> all;
    if (!found) return {found.error().text};
    for (const auto& node : (*found)->nodes) all.push_back(node.name);
    return all;
  }

  asio::io_context io;
  std::optional<DnsServer> server;
};

TEST_F(Dns, GivesEveryAddress) {
  serve([](const DnsQuestion& asked) {
    std::string records;
    for (int i = 1; i <= 25; ++i) records += a_record(i);
    return asked.reply(0, records, 25);
  });
  const auto records = ask(DnsType::a);
  ASSERT_TRUE(records) << records.error().text;
  EXPECT_EQ(records->size(), 25U) << "more than the 16 that the resolver of connections keeps";
  EXPECT_EQ(records->front().host, "10.0.0.1");
}

TEST_F(Dns, NxdomainAndNoRecordsAreAnswersThatNothingIsThere) {
  serve([](const DnsQuestion& asked) { return asked.reply(kNxdomain); });
  for (const auto type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
    const auto records = ask(type);
    ASSERT_TRUE(records) << records.error().text;
    EXPECT_THAT(*records, IsEmpty());
  }
  serve([](const DnsQuestion& asked) { return asked.reply(0); });
  for (const auto type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
    const auto records = ask(type);
    ASSERT_TRUE(records) << records.error().text;
    EXPECT_THAT(*records, IsEmpty());
  }
}

TEST_F(Dns, AServerThatFailsOrRefusesIsAFailure) {
  for (const int code : {kServfail, kRefused}) {
    serve([code](const DnsQuestion& asked) { return asked.reply(code); });
    const auto records = ask(DnsType::a);
    ASSERT_FALSE(records);
    EXPECT_EQ(records.error().reason, Reason::dns);
  }
}

TEST_F(Dns, AServerThatHangsIsAFailureWithinTheDeadline) {
  serve([](const DnsQuestion&) { return std::nullopt; });
  const auto began = now();
  const auto records = ask(DnsType::a, milliseconds(300));
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().reason, Reason::deadline);
  EXPECT_LT(now() - began, seconds(5));
  EXPECT_GE(server->questions(), 2) << "one lost datagram is asked for again";
}

TEST_F(Dns, AClosedPortIsAFailure) {
  serve([](const DnsQuestion&) { return std::nullopt; });
  const auto closed = server->servers();
  server.reset();
  std::optional<Polled<Records>> result;
  asio::co_spawn(io, ask_dns(io.get_executor(), closed, "x.test", DnsType::a, now() + seconds(10)),
                 [&](const std::exception_ptr&, Polled<Records> got) { result = std::move(got); });
  ASSERT_TRUE(run_until(io, [&] { return result.has_value(); }));
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::dns);
}

TEST_F(Dns, ATruncatedAnswerIsAskedForByTcp) {
  serve([](const DnsQuestion& asked) { return asked.reply(0, a_record(1), 1, 0, true); },
        [](const DnsQuestion& asked) { return asked.reply(0, a_record(1) + a_record(2), 2); });
  const auto records = ask(DnsType::a);
  ASSERT_TRUE(records) << records.error().text;
  EXPECT_EQ(records->size(), 2U);
}

TEST_F(Dns, ATruncatedAnswerIsNeverTakenForTheWhole) {
  serve([](const DnsQuestion& asked) { return asked.reply(0, a_record(1), 1, 0, true); });
  EXPECT_FALSE(ask(DnsType::a, seconds(2)));
}

TEST_F(Dns, GarbageIsAFailure) {
  const std::vector<DnsServer::Answer> all{
      [](const DnsQuestion& asked) { return asked.reply(0, "\xC0", 1); },
      [](const DnsQuestion& asked) { return asked.reply(0, a_record(1), 400); },
      [](const DnsQuestion& asked) { return asked.reply(0, dns_record(kA, "abc"), 1); },
      [](const DnsQuestion&) { return std::string("nonsense of some length"); },
      [](const DnsQuestion& asked) { return asked.reply(0).substr(0, 5); },
  };
  for (const auto& answer : all) {
    serve(answer);
    EXPECT_FALSE(ask(DnsType::a, seconds(1))) << &answer - all.data();
  }
}

TEST_F(Dns, AnAliasOfANameWithoutRecordsIsAnAnswer) {
  constexpr int kCname = 5;
  serve([](const DnsQuestion& asked) {
    return asked.reply(0, dns_record(kCname, dns_name("y.test")), 1);
  });
  for (const auto type : {DnsType::a, DnsType::aaaa}) {
    const auto records = ask(type);
    ASSERT_TRUE(records) << records.error().text;
    EXPECT_THAT(*records, IsEmpty());
  }
}

TEST_F(Dns, SrvTargetsBringTheirPortsAndAdditionalRecordsAreNoTargets) {
  serve([](const DnsQuestion& asked) {
    return asked.reply(0, dns_srv(8080, "a.test") + dns_srv(8081, "b.test") + a_record(9), 2, 1);
  });
  EXPECT_THAT(names({"_http._tcp.x.test", DnsRecords::srv, 0}),
              ElementsAre("a.test:8080", "b.test:8081"));
}

TEST_F(Dns, AnSrvTargetOfTheRootSaysThatNothingIsThere) {
  serve([](const DnsQuestion& asked) { return asked.reply(0, dns_srv(1, ""), 1); });
  EXPECT_THAT(names({"_http._tcp.x.test", DnsRecords::srv, 0}), IsEmpty());
}

TEST_F(Dns, ATargetThatIsNoHostFailsTheRead) {
  serve([](const DnsQuestion& asked) { return asked.reply(0, dns_srv(1, "a/b.test"), 1); });
  EXPECT_THAT(names({"x.test", DnsRecords::srv, 0}), ElementsAre(HasSubstr("no host and port")));
}

TEST_F(Dns, AddressesOfBothKindsAreNodesNamedAsTheirAddress) {
  serve([](const DnsQuestion& asked) {
    return asked.type() == kA
               ? asked.reply(0, a_record(2) + a_record(1), 2)
               : asked.reply(0, dns_record(kAaaa, std::string(15, '\0') + '\x01'), 1);
  });
  EXPECT_THAT(names({"x.test", DnsRecords::addresses, 8080}),
              ElementsAre("10.0.0.1:8080", "10.0.0.2:8080", "[::1]:8080"));
  const auto found = find({"x.test", DnsRecords::a, 8080});
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->nodes.front().labels.at("region"), "eu");
}

TEST_F(Dns, OneKindThatFailsFailsTheRead) {
  serve([](const DnsQuestion& asked) {
    return asked.type() == kA ? asked.reply(0, a_record(1), 1) : asked.reply(kServfail);
  });
  EXPECT_FALSE(find({"x.test", DnsRecords::addresses, 8080}));
}

TEST_F(Dns, AnAskerThatGoesTakesItsQuestionAlong) {
  serve([](const DnsQuestion&) { return std::nullopt; });
  asio::co_spawn(
      io, ask_dns(io.get_executor(), server->servers(), "x.test", DnsType::a, now() + seconds(60)),
      asio::detached);
  EXPECT_TRUE(run_until(io, [&] { return server->questions() == 1; }));
}

}  // namespace
}  // namespace mse
