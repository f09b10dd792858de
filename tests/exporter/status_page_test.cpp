// The status page: whole against golden files, and rule by rule.
#include "exporter/status_page.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "exporter/gate.h"
#include "exporter/html.h"
#include "tests/support/html_reader.h"
#include "tests/support/mixed_snapshot.h"
#include "tests/support/rich_snapshot.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Mono kNow{std::chrono::hours(1)};

StatusMoment moment(const Snapshot& snapshot) {
  return {&snapshot, std::nullopt, snapshot.at + seconds(4), "/metrics", "1.2.3"};
}

// How a policy names what may stand inline.
std::string sha256_source(const std::string& bytes) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), digest.data(), digest.size());
  return "sha256-" + std::string(text.begin(), text.begin() + 44);
}

StatusPage ask(const Snapshot& snapshot, const std::string& query) {
  return status_page(parse_status_question(query).value(), moment(snapshot));
}

std::string text(const Snapshot& snapshot, const std::string& query) {
  return html_text(ask(snapshot, query).html);
}

// Regenerate with MSE_REGENERATE_GOLDEN=1 in the environment, then read the difference.
void expect_golden(const StatusPage& page, const std::string& name) {
  const auto path = tests_dir() / "golden" / ("status_" + name + ".html");
  if (std::getenv("MSE_REGENERATE_GOLDEN") != nullptr)
    std::ofstream(path, std::ios::binary) << page.html;
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(page.html, std::string(std::istreambuf_iterator<char>(file), {})) << name;
  EXPECT_EQ(html_fault(page.html), "") << name;
}

TEST(StatusPage, IsTheGoldenPages) {
  const Snapshot mixed = mixed_snapshot();
  expect_golden(ask(mixed, ""), "services");
  expect_golden(ask(mixed, "service=orders-db"), "service");
  expect_golden(ask(mixed, "service=orders-db&node=pg-2&refresh=30"), "node");
  expect_golden(ask(mixed, "service=orders-db&dimension=config"), "dimension");
  expect_golden(ask(mixed, "service=nobody"), "not_found");
}

TEST(StatusPage, EveryViewOfEverySpecialCaseIsWellFormed) {
  const Snapshot rich = rich_snapshot();
  for (const ServiceView& service : rich.services) {
    StatusQuestion question{service.name, "", "", 0, {}};
    EXPECT_EQ(html_fault(status_page(question, moment(rich)).html), "") << service.name;
    for (const NodeView& node : service.nodes) {
      question.node = node.name;
      EXPECT_EQ(html_fault(status_page(question, moment(rich)).html), "") << node.name;
    }
  }
}

TEST(StatusPage, TheVerdictIsTheFirstWordOfTheTitle) {
  const Snapshot mixed = mixed_snapshot();
  EXPECT_THAT(ask(mixed, "").html, HasSubstr("<title>HOLD: checkout 1 of 3 nodes divergent"));
  EXPECT_THAT(ask(mixed, "service=sessions").html,
              HasSubstr("<title>GO: sessions 30 nodes canonical - mixed_state_exporter</title>"));
}

TEST(StatusPage, ServicesAreListedWorstFirst) {
  const std::string page = text(mixed_snapshot(), "");
  EXPECT_LT(page.find("HOLD checkout"), page.find("UNKNOWN orders-db"));
  EXPECT_LT(page.find("UNKNOWN orders-db"), page.find("GO sessions"));
}

TEST(StatusPage, NodesAreListedWorstFirstAndHealthyOnesFoldedWhenMany) {
  const std::string few = text(mixed_snapshot(), "service=orders-db");
  const auto rows = few.find("Nodes, worst first");
  EXPECT_LT(few.find("pg-2 replica", rows), few.find("pg-3 replica", rows));
  EXPECT_LT(few.find("pg-3 replica", rows), few.find("pg-1 primary", rows));
  EXPECT_THAT(ask(mixed_snapshot(), "service=orders-db").html, Not(HasSubstr("<details>")));
  EXPECT_THAT(ask(mixed_snapshot(), "service=sessions").html,
              HasSubstr("<details><summary>30 nodes of these rows canonical throughout"));
}

TEST(StatusPage, ACellSaysWhatSinceWhenAndWhyInWords) {
  const std::string page = text(mixed_snapshot(), "service=orders-db");
  EXPECT_THAT(page, HasSubstr("≠ divergent c0ffee, for 2m4s, 3 keys"));
  EXPECT_THAT(page, HasSubstr("→ transition 41, change, for 44s"));
  EXPECT_THAT(page, HasSubstr("? unknown , refused"));
  EXPECT_THAT(page, HasSubstr("schema_version canonical: 42"));
  EXPECT_THAT(page, HasSubstr("over 2m, link down"));
}

TEST(StatusPage, SaysWhichKeysDifferAndHow) {
  const std::string page = text(mixed_snapshot(), "service=orders-db");
  EXPECT_THAT(page, HasSubstr("config of pg-2"));
  EXPECT_THAT(page, HasSubstr("archive_mode missing here"));
  EXPECT_THAT(page, HasSubstr("max_wal_size only here"));
  EXPECT_THAT(page, HasSubstr("work_mem another value"));
}

TEST(StatusPage, NeverShowsADigestOfAValue) {
  const Snapshot mixed = mixed_snapshot();
  for (const char* query : {"", "service=orders-db", "service=orders-db&node=pg-2",
                            "service=orders-db&dimension=config"}) {
    EXPECT_THAT(ask(mixed, query).html, Not(HasSubstr("digest"))) << query;
  }
}

TEST(StatusPage, NamesAllowancesWithWhoWhyAndUntil) {
  const std::string page = text(mixed_snapshot(), "service=orders-db");
  EXPECT_THAT(page, HasSubstr("schema_version pg-2 change changing from 41 to 42 deploy-7 "
                              "2023-11-14 22:18:20 UTC , in 3m16s"));
  EXPECT_THAT(page, HasSubstr("acknowledged reporting replica dba"));
}

TEST(StatusPage, AllowancesOfDifferentEndsAreNotOne) {
  Snapshot mixed = mixed_snapshot();
  ServiceView& service = mixed.services.at(0);
  for (int hours : {1, 2}) {
    NodeDimension& own =
        service.nodes.at(static_cast<std::size_t>(hours)).dimensions["schema_version"];
    own.allowance = AllowanceSource::acknowledged;
    own.allowance_why = "the same";
    own.allowance_who = "dba";
    own.allowance_until = mixed.wall + std::chrono::hours(hours);
  }
  const std::string page = text(mixed, "service=" + service.name);
  EXPECT_THAT(page, AllOf(HasSubstr("in 59m"), HasSubstr("in 1h59m")));
}

TEST(StatusPage, DrawsTheOpenChangeAndSaysTheSameInATable) {
  const StatusPage page = ask(mixed_snapshot(), "service=orders-db");
  EXPECT_THAT(page.html, AllOf(HasSubstr("<svg viewBox="), HasSubstr("class=\"curve\"")));
  const std::string words = html_text(page.html);
  EXPECT_THAT(words, HasSubstr("Declared as deploy-7; 33 % of the nodes are at the target."));
  EXPECT_THAT(words, HasSubstr("1 node at the target 2023-11-14 22:13:50 UTC , 1m14s ago"));
  EXPECT_THAT(words, HasSubstr("Not at the target pg-2 , pg-3"));
}

TEST(StatusPage, ListsChangesThatEnded) {
  EXPECT_THAT(text(mixed_snapshot(), "service=orders-db"),
              HasSubstr("schema_version 40 to 41 deploy-6 converged"));
}

TEST(StatusPage, ACollectorsLastErrorIsToldWithItsReason) {
  const std::string page = text(mixed_snapshot(), "service=orders-db");
  EXPECT_THAT(page, HasSubstr("Reads 2 of 3 nodes every 15s."));
  EXPECT_THAT(page, HasSubstr("pg-3 ? not read never refused connection to <pg-3> refused"));
}

TEST(StatusPage, AStaleSnapshotIsUnknownInWordsAndInTheTitle) {
  const Snapshot mixed = mixed_snapshot();
  StatusMoment late = moment(mixed);
  late.now = mixed.at + seconds(61);
  late.staleness = "The newest snapshot is 1m1s old, more than 1m.";
  for (const char* query : {"", "service=sessions"}) {
    const StatusPage page = status_page(parse_status_question(query).value(), late);
    EXPECT_THAT(page.html, HasSubstr("<title>UNKNOWN: ")) << query;
    EXPECT_THAT(html_text(page.html), HasSubstr("Do not rely on this page. The newest snapshot"));
    EXPECT_THAT(html_text(page.html), Not(HasSubstr("✓ GO")));
  }
}

TEST(StatusPage, BeforeAnythingIsEvaluatedNothingIsClaimed) {
  StatusMoment early{nullptr, "Nothing has been evaluated yet.", kNow, "/metrics", ""};
  const StatusPage page = status_page({}, early);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.html, HasSubstr("<title>UNKNOWN: Nothing has been evaluated yet."));
  EXPECT_EQ(status_page(parse_status_question("service=x").value(), early).status, 404);
}

TEST(StatusPage, ServicesThatWaitForTheirFirstRoundAreNamedAndAreUnknown) {
  Snapshot snapshot = mixed_snapshot();
  EXPECT_THAT(text(snapshot, ""), HasSubstr("has been polled yet: invoices."));
  EXPECT_EQ(ask(snapshot, "service=invoices").status, 200);
  EXPECT_THAT(ask(snapshot, "service=invoices").html, HasSubstr("<title>UNKNOWN: invoices waits"));
  snapshot.services.resize(1);
  EXPECT_THAT(text(snapshot, ""), HasSubstr("UNKNOWN 1 service waits for a first poll"));
  EXPECT_THAT(text(Snapshot{}, ""), HasSubstr("UNKNOWN no service yet"));
}

TEST(StatusPage, TheVerdictIsTheGatesWithItsReasons) {
  const Snapshot mixed = mixed_snapshot();
  for (const ServiceView& service : mixed.services) {
    const auto answer = gate(service, oldest_caller(service), {seconds(4), mixed.stale_after});
    const std::string page = text(mixed, "service=" + service.name);
    for (const GateReason& reason : answer.reasons) {
      EXPECT_THAT(page, HasSubstr(reason.what)) << service.name;
      EXPECT_THAT(page, HasSubstr("Cleared when: " + reason.clears)) << service.name;
    }
    EXPECT_EQ(answer.reasons.empty(), service.name == "sessions");
  }
}

TEST(StatusPage, AHoldIsToldAlsoWhereSomethingWorseIsTheVerdict) {
  Snapshot mixed = mixed_snapshot();
  for (ServiceView& service : mixed.services) {
    service.hold = ManualHold{"ann", "freeze", mixed.wall + std::chrono::hours(1)};
    const std::string page = text(mixed, "service=" + service.name);
    EXPECT_THAT(page, AllOf(HasSubstr("ann holds it"), HasSubstr("freeze"))) << service.name;
  }
}

TEST(StatusPage, AServiceInWhichNothingIsComparedIsUnknown) {
  Snapshot mixed = mixed_snapshot();
  for (ServiceView& service : mixed.services) {
    for (auto& [name, view] : service.dimensions) view.unsupported = true;
    const std::string page = ask(mixed, "service=" + service.name).html;
    EXPECT_THAT(page, HasSubstr("<title>UNKNOWN: ")) << service.name;
    EXPECT_THAT(page, Not(HasSubstr(" canonical</title>")));
  }
}

TEST(StatusPage, WhatIsNotThereIsNotFoundAndNamedAsText) {
  const Snapshot mixed = mixed_snapshot();
  for (const char* query :
       {"service=%3Cb%3E", "service=orders-db&node=pg-9", "service=orders-db&dimension=nothing"}) {
    const StatusPage page = ask(mixed, query);
    EXPECT_EQ(page.status, 404) << query;
    EXPECT_EQ(html_fault(page.html), "") << query;
  }
  EXPECT_THAT(text(mixed, "service=%3Cb%3E"), HasSubstr("There is no service \"<b>\" here."));
}

TEST(StatusPage, HostileStringsAreTextWhereverTheyStand) {
  const std::string evil = "</td><script>alert(1)</script>\"'&\xE2\x80\xAE\xff\n";
  Snapshot snapshot = mixed_snapshot();
  spoil(snapshot, evil);
  StatusQuestion question;
  for (int view = 0; view < 4; ++view) {
    if (view > 0) question.service = evil;
    if (view == 2) question.node = evil;
    if (view == 3) question = {evil, evil, "", 0, {}};
    StatusMoment now = moment(snapshot);
    now.telemetry_path = "/\"><b>";
    const StatusPage page = status_page(question, now);
    EXPECT_EQ(page.status, 200) << view;
    EXPECT_EQ(html_fault(page.html), "") << view;
    EXPECT_THAT(page.html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("\xff")),
                                 HasSubstr("&lt;script&gt;")));
  }
}

TEST(StatusPage, AtTenThousandNodesItStaysUnder300KB) {
  for (const auto worst : {Status::canonical, Status::divergent}) {
    const Snapshot fleet = wide_snapshot(10000, worst);
    std::size_t rows = 0;
    for (const char* query : {"", "service=fleet", "service=fleet&from=100",
                              "service=fleet&dimension=config", "service=fleet&node=node-77"}) {
      const StatusPage page = ask(fleet, query);
      EXPECT_EQ(page.status, 200);
      EXPECT_LT(page.html.size(), 300'000U) << query;
      rows = std::max(rows, page.html.size());
    }
    EXPECT_GT(rows, 20'000U);
    EXPECT_THAT(text(fleet, "service=fleet&from=9950"), HasSubstr("Rows 9951 to 10000 of 10000."));
  }
}

TEST(StatusPage, ManyServicesHavePagesOfTheirOwn) {
  Snapshot many = mixed_snapshot();
  many.services.resize(1000, many.services.back());
  const StatusPage page = ask(many, "");
  EXPECT_LT(page.html.size(), 300'000U);
  EXPECT_THAT(page.html, HasSubstr("href=\"/?from=200\""));
}

TEST(StatusPage, TheStyleInThePageIsTheOneThePolicyAllows) {
  const std::string page = ask(mixed_snapshot(), "").html;
  const auto begin = page.find("<style>") + 7;
  const std::string style = page.substr(begin, page.find("</style>") - begin);
  EXPECT_THAT(status_policy(), HasSubstr("style-src '" + sha256_source(style) + "'"));
  EXPECT_THAT(status_policy(), Not(HasSubstr("unsafe")));
}

TEST(StatusQuestion, IsReadFromAnAddressAndWrittenToOne) {
  for (const char* query :
       {"service=a%20b&dimension=config&node=n%26%3D%2F&from=100&refresh=30", "service=x"}) {
    EXPECT_EQ(status_address(parse_status_question(query).value()), "/?" + std::string(query));
  }
  EXPECT_EQ(status_address({}), "/");
}

TEST(StatusQuestion, RefreshIsBoundedAndNumbersAreNumbers) {
  EXPECT_EQ(parse_status_question("refresh=1")->refresh, seconds(5));
  EXPECT_EQ(parse_status_question("refresh=99999")->refresh, seconds(3600));
  EXPECT_EQ(parse_status_question("refresh=0")->refresh, seconds(0));
  for (const char* wrong : {"refresh=-1", "refresh=10s", "from=x", "from=99999999999999999999",
                            "service=a&service=b", "service=%"}) {
    EXPECT_FALSE(parse_status_question(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace mse
