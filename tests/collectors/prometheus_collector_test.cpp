// What a Prometheus page says of a node, and which settings are refused.
#include <gmock/gmock.h>

#include "collectors/prometheus.h"
#include "collectors/prometheus_contract.h"
#include "exporter/load_config.h"

namespace mse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

PrometheusReading reading_of(const std::string& yaml) {
  auto options = parse_options(yaml, "test.yml");
  auto reading = prometheus_reading(*options);
  const auto right = options->finish();
  EXPECT_TRUE(right) << right.error().message;
  return reading;
}

Report said(const std::string& yaml, const std::string& page) {
  const auto reading = reading_of(yaml);
  PrometheusPage parser([&](std::string_view name) { return is_wanted(reading, name); });
  parser.feed(page);
  const auto samples = parser.finish();
  EXPECT_TRUE(samples) << samples.error().text;
  return samples ? prometheus_report(reading, *samples) : Report{};
}

State state_in(const Report& report, const std::string& dimension) {
  const auto found = report.dimensions.find(dimension);
  EXPECT_NE(found, report.dimensions.end());
  if (found == report.dimensions.end()) return {};
  const auto* state = std::get_if<State>(&found->second.outcome);
  EXPECT_NE(state, nullptr) << "no state";
  return state ? *state : State{};
}

TEST(PrometheusCollector, WithoutSettingsABuildInfoAndAConfigHashAreRead) {
  const auto report = said("{}",
                           "go_build_info{version=\"(devel)\"} 1\n"
                           "alertmanager_build_info{version=\"0.27.0\",revision=\"abc\"} 1\n"
                           "alertmanager_config_hash 2.7e14\n"
                           "events_processed_total{stream=\"orders\"} 12\n");
  EXPECT_EQ(state_in(report, "software_version").text, "0.27.0");
  EXPECT_EQ(state_in(report, "config").parts.size(), 1U);
  ASSERT_TRUE(report.measures);
  EXPECT_EQ(report.measures->streams.at("orders").events, 12U);
}

TEST(PrometheusCollector, APageThatTellsNothingIsUnsupported) {
  const auto report = said("{}", "up 1\n");
  for (const auto& [dimension, reading] : report.dimensions)
    EXPECT_EQ(std::get<Unknown>(reading.outcome).reason, Reason::unsupported) << dimension;
  EXPECT_EQ(report.dimensions.size(), 2U);
  EXPECT_FALSE(report.measures);
}

TEST(PrometheusCollector, ANamedLabelIsTheVersion) {
  const std::string yaml = "{version: 'app_info{git_sha}'}";
  const auto report =
      said(yaml, "app_info{git_sha=\"abc\",version=\"1\"} 1\nother_build_info{version=\"2\"} 1\n");
  EXPECT_EQ(state_in(report, "software_version").text, "abc");
  EXPECT_EQ(report.dimensions.size(), 1U);
}

TEST(PrometheusCollector, TwoComponentsOnAPageAreTwoParts) {
  const auto one =
      state_in(said("{}", "a_build_info{version=\"1\"} 1\nb_build_info{version=\"2\"} 1\n"),
               "software_version");
  const auto other =
      state_in(said("{}", "a_build_info{version=\"1\"} 1\nb_build_info{version=\"3\"} 1\n"),
               "software_version");
  EXPECT_EQ(one.parts.at("a_build_info"), other.parts.at("a_build_info"));
  EXPECT_NE(one.parts.at("b_build_info"), other.parts.at("b_build_info"));
  EXPECT_NE(one.key, other.key);
}

TEST(PrometheusCollector, AConfigHashMayBeAValueOrALabel) {
  const auto key = [](const std::string& page) { return state_in(said("{}", page), "config").key; };
  EXPECT_NE(key("x_config_hash 1\n"), key("x_config_hash 2\n"));
  EXPECT_NE(key("x_config_hash{sha256=\"a\"} 1\n"), key("x_config_hash{sha256=\"b\"} 1\n"));
  EXPECT_EQ(key("x_config_hash{a=\"1\",b=\"2\"} 1\n"), key("x_config_hash{b=\"2\",a=\"1\"} 1\n"));
}

TEST(PrometheusCollector, RequestsAreTheSumOfWhatMatches) {
  const std::string page =
      "r_total{code=\"200\",m=\"a\"} 10\nr_total{code=\"200\",m=\"b\"} "
      "5\nr_total{code=\"500\",m=\"a\"} 1\n";
  EXPECT_EQ(said("{requests: r_total}", page).requests, 16U);
  EXPECT_EQ(said("{requests: {metric: r_total, match: {code: 200}}}", page).requests, 15U);
  EXPECT_FALSE(said("{requests: other_total}", page).requests) << "absent is not 0";
  EXPECT_TRUE(said("{requests: r_total}", page).dimensions.empty());
}

TEST(PrometheusCollector, APageMayCountTheTrafficOfOthers) {
  const auto report =
      said("{requests: {metric: r_total, node_label: server}}",
           "r_total{server=\"pod-1\",code=\"200\"} 10\nr_total{server=\"pod-1\",code=\"500\"} "
           "1\nr_total{server=\"pod-2\"} 7\nr_total 3\n");
  EXPECT_THAT(report.requests_of, ElementsAre(Pair("pod-1", 11U), Pair("pod-2", 7U)));
  EXPECT_FALSE(report.requests);
}

TEST(PrometheusCollector, AnEdgeOfItsOwnTellsOfTheNodeAloneAndOfNothingElse) {
  const std::string edge = "{requests: {metric: r_total, node_label: server, from: \"edge:9\"}}";
  auto options = parse_options(edge, "f")->on_node({"pod-1", ""});
  const auto reading = prometheus_reading(options);
  PrometheusPage parser([&](std::string_view name) { return is_wanted(reading, name); });
  parser.feed(
      "r_total{server=\"pod-1\",code=\"200\"} 10\nr_total{server=\"pod-2\"} 7\n"
      "r_total{server=\"pod-1\",code=\"500\"} 1\nevents_processed_total 12\n");
  const auto report = prometheus_report(reading, *parser.finish());
  EXPECT_EQ(report.requests, 11U);
  EXPECT_FALSE(report.measures) << "they would count once a node";
  EXPECT_TRUE(report.requests_of.empty());
}

TEST(PrometheusCollector, CountersThatAreNoCountsAreLeftOut) {
  EXPECT_FALSE(said("{requests: r_total}", "r_total NaN\n").requests);
  EXPECT_FALSE(said("{requests: r_total}", "r_total -1\n").requests);
  EXPECT_FALSE(said("{requests: r_total}", "r_total 1e300\n").requests);
}

TEST(PrometheusContract, EachMetricIsAMeasure) {
  const auto measures =
      said("{}",
           "events_duplicate_total{stream=\"orders\",pod=\"a\"} "
           "1\nevents_duplicate_total{stream=\"orders\",pod=\"b\"} 2\n"
           "events_processed_total 100\n"
           "schema_validations_total 50\nschema_errors_total{schema=\"x\"} "
           "4\nschema_errors_total{schema=\"y\"} 1\n"
           "reconciliations_total{kind=\"ledger\",result=\"success\"} "
           "9\nreconciliations_total{kind=\"ledger\",result=\"failure\"} 1\n"
           "reconciliation_last_success_timestamp_seconds{kind=\"ledger\",job=\"a\"} 2000\n"
           "reconciliation_last_success_timestamp_seconds{kind=\"ledger\",job=\"b\"} 1000\n"
           "reconciliation_duration_seconds{kind=\"ledger\"} "
           "2.5\nreconciliation_pending_items{kind=\"ledger\"} 3\n"
           "reconciliation_mismatched_items{kind=\"ledger\"} "
           "0\nreconciliation_oldest_pending_seconds{kind=\"ledger\"} 60\n"
           "reconciliation_processed_items_total{kind=\"ledger\"} 500\n"
           "authorization_decisions_total{decision=\"allow\"} "
           "7\nauthorization_decisions_total{decision=\"deny\"} 2\n")
          .measures;
  ASSERT_TRUE(measures);
  EXPECT_EQ(measures->streams.at("orders").duplicates, 3U);
  EXPECT_FALSE(measures->streams.at("orders").events);
  EXPECT_EQ(measures->streams.at("default").events, 100U);
  EXPECT_EQ(measures->schema_validations, 50U);
  EXPECT_FALSE(measures->valid_schemas);
  EXPECT_EQ(measures->schema_errors, 5U);
  const auto& ledger = measures->reconciliations.at("ledger");
  EXPECT_EQ(ledger.succeeded, 9U);
  EXPECT_EQ(ledger.failed, 1U);
  EXPECT_EQ(ledger.processed_items, 500U);
  EXPECT_EQ(ledger.pending_items, 3U);
  EXPECT_EQ(ledger.mismatched_items, 0U);
  EXPECT_EQ(ledger.last_duration, std::chrono::milliseconds(2500));
  EXPECT_EQ(ledger.oldest_pending, std::chrono::seconds(60));
  EXPECT_EQ(ledger.last_success, Wall(std::chrono::seconds(1000)));
  EXPECT_EQ(measures->allowed, 7U);
  EXPECT_EQ(measures->denied, 2U);
}

TEST(PrometheusContract, OtherWordsForGoodAndBadAreKnown) {
  const auto measures = said("{}",
                             "schema_validations_total{result=\"valid\"} 100\n"
                             "schema_validations_total{result=\"invalid\"} 50\n"
                             "reconciliations_total{result=\"requeue_after\"} 4\n"
                             "reconciliations_total{result=\"success\"} 3\n"
                             "reconciliations_total{result=\"error\"} 2\n"
                             "authorization_decisions_total{decision=\"allowed\"} 7\n"
                             "authorization_decisions_total{decision=\"denied\"} 2\n")
                            .measures;
  ASSERT_TRUE(measures);
  EXPECT_EQ(measures->valid_schemas, 100U);
  EXPECT_EQ(measures->schema_errors, 50U);
  EXPECT_EQ(measures->reconciliations.at("default").succeeded, 3U);
  EXPECT_EQ(measures->reconciliations.at("default").failed, 2U);
  EXPECT_EQ(measures->allowed, 7U);
  EXPECT_EQ(measures->denied, 2U);
}

TEST(PrometheusContract, AMeasureWithAWordNobodyKnowsIsNotTold) {
  const auto measures = said("{}",
                             "schema_validations_total{result=\"ok\"} 100\n"
                             "schema_validations_total{result=\"kaputt\"} 50\n"
                             "reconciliations_total{kind=\"a\",result=\"success\"} 3\n"
                             "reconciliations_total{kind=\"a\",result=\"meh\"} 2\n"
                             "reconciliations_total{kind=\"b\",result=\"success\"} 3\n"
                             "authorization_decisions_total{decision=\"allow\"} 7\n"
                             "authorization_decisions_total{decision=\"perhaps\"} 2\n")
                            .measures;
  ASSERT_TRUE(measures);
  EXPECT_FALSE(measures->valid_schemas);
  EXPECT_FALSE(measures->schema_errors);
  EXPECT_FALSE(measures->reconciliations.at("a").succeeded);
  EXPECT_EQ(measures->reconciliations.at("b").succeeded, 3U);
  EXPECT_FALSE(measures->allowed);
}

TEST(PrometheusContract, NamesMayBeMapped) {
  const auto measures =
      said("{mapping: {events_processed_total: app_messages_total}}",
           "app_messages_total{stream=\"a\"} 5\nevents_processed_total{stream=\"a\"} 99\n")
          .measures;
  ASSERT_TRUE(measures);
  EXPECT_EQ(measures->streams.at("a").events, 5U);
}

TEST(PrometheusContract, AtMostSixtyFourStreamsAreKept) {
  std::string page;
  for (int i = 0; i < 100; ++i)
    page += "events_processed_total{stream=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(said("{}", page).measures->streams.size(), 64U);
}

std::string refused(const std::string& yaml) {
  const auto options = parse_options(yaml, "f");
  const auto made = make_prometheus(*options);
  EXPECT_FALSE(made) << yaml;
  return made ? "" : made.error().message;
}

TEST(PrometheusCollector, WrongSettingsAreToldExactly) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"{version: 'a b'}",
       "version: expected a metric's name or metric{label}, such as app_build_info{version}"},
      {"{version: 'a{b'}",
       "version: expected a metric's name or metric{label}, such as app_build_info{version}"},
      {"{config: '1a'}", "config: expected a metric's name"},
      {"{requests: 'a{b}'}", "requests: expected a metric's name"},
      {"{requests: {match: {a: b}}}",
       "requests.metric: missing, expected the name of a counter of requests"},
      {"{requests: {metric: a, match: {'a-b': c}}}", "requests.match.a-b: expected a label's name"},
      {"{requests: {metric: a, node_label: 'a b'}}",
       "requests.node_label: expected a label's name"},
      {"{requests: {metric: a, node_label: b, from: 'a b'}}",
       "requests.from: expected the address of an edge, host or host:port"},
      {"{version: v_info, requests: {metric: a, node_label: b, from: edge}}",
       "requests: expected an entry of its own, as `from` is another page than the node's"},
      {"{requests: {metric: a, from: edge}}",
       "requests.node_label: missing, expected the label that names the nodes whose traffic it is"},
      {"{mapping: {events_total: a}}", "unknown key `events_total`"},
      {"{path: metrics}", "path: expected a path with its query"},
  };
  for (const auto& [yaml, expected] : table)
    EXPECT_THAT(refused(yaml), HasSubstr(expected)) << yaml;
}

TEST(PrometheusCollector, ReadsNoDimensionWhereOnlyTrafficIsAsked) {
  const auto options = parse_options("{requests: r_total}", "f");
  EXPECT_TRUE((*make_prometheus(*options))->dimensions().empty());
}

}  // namespace
}  // namespace mse
