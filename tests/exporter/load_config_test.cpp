// The configuration file: what it means, and the one-line error of everything it may not say.
#include "exporter/load_config.h"

#include <gmock/gmock.h>

#include <set>

#include "exporter/time_text.h"
#include "tests/support/config_folder.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

const std::filesystem::path kTests = tests_dir();

class LoadConfig : public ConfigFolder {
 protected:
  Config example(const std::string& name) {
    const auto config = load(bytes_of(kTests.parent_path() / "deploy/examples" / name));
    EXPECT_TRUE(config) << config.error().message;
    return config ? *config : Config{};
  }
  static const OfferedCollector& collector(const CollectEntry& entry, const std::string& node) {
    return dynamic_cast<const OfferedCollector&>(*entry.by_node.at(node));
  }
  // A service of one node with `extra` keys.
  static std::string with(const std::string& extra) {
    return "services:\n  - name: orders\n    nodes: [{name: pg-1, address: pg-1}]\n"
           "    collect: [{postgres: {user: mon}}]\n" +
           extra;
  }
};

TEST_F(LoadConfig, UrlsDeclareStatesAndChanges) {
  const auto config =
      load(with("    canonical: {config: {declared: {url: 'https://cd.internal/t?a=1', json: "
                "/version, ca_file: ca.pem,"
                " bearer_token_file: pg.pass}}}\n    changes: {config: {url: "
                "'http://cd.internal:8080/c'}}\n"));
  ASSERT_TRUE(config) << config.error().message;
  const auto& settings = config->services.at(0).settings;
  const auto& target = std::get<UrlSource>(settings.canonical.at("config").source);
  EXPECT_EQ(target.url, "https://cd.internal/t?a=1");
  EXPECT_EQ(target.json, "/version");
  EXPECT_EQ(target.ca_file, folder_ / "ca.pem");
  EXPECT_EQ(target.bearer_token->reveal(), "hunter2");
  EXPECT_EQ(std::get<UrlSource>(settings.changes.at("config")).url, "http://cd.internal:8080/c");
}

// Each invalid file says in its first line what the error is, after the file's name.
TEST_F(LoadConfig, EachInvalidFileIsRefusedWithItsOwnMessage) {
  constexpr std::string_view kExpect = "# expect: ";
  const auto files = files_in(kTests / "config/invalid");
  EXPECT_GE(files.size(), 140U);
  for (const auto& file : files) {
    const auto bytes = bytes_of(file);
    const auto first_line = bytes.substr(0, bytes.find('\n'));
    ASSERT_TRUE(first_line.starts_with(kExpect)) << file;
    const auto error = refused(bytes);
    EXPECT_EQ(error, first_line.substr(kExpect.size())) << file.filename();
    EXPECT_THAT(error, Not(HasSubstr("hunter"))) << "a secret in an error";
    EXPECT_THAT(error, Not(HasSubstr("\n")));
  }
}

TEST_F(LoadConfig, EachValidFileLoads) {
  const auto files = files_in(kTests / "config/valid");
  EXPECT_GE(files.size(), 5U);
  for (const auto& file : files) EXPECT_EQ(refused(bytes_of(file)), "") << file;
}

TEST_F(LoadConfig, TenLinesAreEnough) {
  const auto config = example("ten-lines.yml");
  ASSERT_EQ(config.services.size(), 1U);
  const auto& service = config.services[0];
  EXPECT_EQ(service.settings.name, "orders-db");
  ASSERT_EQ(service.settings.nodes.size(), 2U);
  EXPECT_EQ(service.settings.nodes[1].address, "pg-2.internal");
  EXPECT_TRUE(service.settings.nodes[1].serving);
  ASSERT_EQ(service.collect.size(), 1U);
  EXPECT_EQ(service.collect[0].kind, "postgres");
  EXPECT_EQ(collector(service.collect[0], "pg-1").password, Secret("hunter3"));
  EXPECT_EQ(service.collect[0].by_node.at("pg-1"), service.collect[0].by_node.at("pg-2"));
  EXPECT_THAT(service.settings.canonical, IsEmpty());
  EXPECT_EQ(service.settings.objectives.convergence, minutes(5));
  EXPECT_EQ(service.settings.tolerate_unknown, std::nullopt);
  EXPECT_EQ(config.cadences.poll_interval, seconds(15));
}

TEST_F(LoadConfig, TheFullExampleSaysAllOfAService) {
  const auto config = example("full.yml");
  ASSERT_EQ(config.services.size(), 6U);
  const auto& settings = config.services[0].settings;
  EXPECT_EQ(settings.owner, "payments");
  EXPECT_EQ(settings.tier, "critical");
  EXPECT_THAT(settings.nodes.at(1).labels, ElementsAre(Pair("region", "eu")));
  EXPECT_FALSE(settings.nodes.at(2).serving);
  EXPECT_THAT(settings.compare_within, ElementsAre(Pair("config", ElementsAre("role", "region"))));
  EXPECT_THAT(settings.enforce,
              ElementsAre(Pair("", Enforce::page), Pair("access_policy", Enforce::ticket)));
  EXPECT_THAT(settings.off, ElementsAre("hba"));
  EXPECT_THAT(settings.compatible,
              ElementsAre(Pair("schema_version", ElementsAre(ElementsAre("41", "42")))));
  EXPECT_EQ(std::get<FileSource>(settings.changes.at("schema_version")).path,
            folder_ / "deploys/orders.json");
  EXPECT_EQ(settings.tolerate_unknown, 0.0);
  EXPECT_EQ(settings.min_nodes, 2);
  EXPECT_DOUBLE_EQ(settings.objectives.exposure, 0.01);
  EXPECT_EQ(settings.objectives.replica_lag, seconds(2));
  EXPECT_EQ(settings.objectives.min_bad_events, 10U);
}

TEST_F(LoadConfig, ObjectivesLeftOutAreThoseOfTheMeasures) {
  const Objectives said = example("ten-lines.yml").services[0].settings.objectives;
  EXPECT_DOUBLE_EQ(said.exposure, 0.01);
  EXPECT_DOUBLE_EQ(said.convergence_budget, 0.05);
  EXPECT_DOUBLE_EQ(said.reconciliation, 0.01);
  EXPECT_EQ(said.reconciliation_lag, minutes(15));
  EXPECT_DOUBLE_EQ(said.duplicates, 1e-5);
  EXPECT_DOUBLE_EQ(said.schema, 1e-3);
  EXPECT_DOUBLE_EQ(said.replica_lag_budget, 0.05);
  EXPECT_DOUBLE_EQ(said.config_drift, 0);
  EXPECT_DOUBLE_EQ(said.authorization, 0);
}

TEST_F(LoadConfig, TheFullExampleLooksForNodes) {
  const auto service = example("full.yml").services.at(2);
  EXPECT_EQ(service.settings.nodes.at(0).name, "shard-0");
  ASSERT_TRUE(service.settings.discover);
  const auto& files = std::get<FileDiscovery>(service.settings.discover->source).files;
  EXPECT_THAT(files, ElementsAre(folder_ / "targets/shards*.json"));
  EXPECT_EQ(service.settings.discover->name_label, "pod");
  EXPECT_THAT(service.settings.discover->labels, ElementsAre(Pair("region", "eu")));
  const auto& entry = service.collect.at(0);
  EXPECT_EQ(*entry.of({"shard-0", ""}), *entry.of({"pod-9", ""})) << "they override nothing";
}

TEST_F(LoadConfig, ADiscoveredNodeHasNothingOfWhatAConfiguredOneOverrides) {
  const auto config = load(
      "services:\n"
      "  - name: s\n"
      "    nodes: {static: [{name: a, address: a, user: own}], discover: {file: t.json}}\n"
      "    collect: [{postgres: {user: mon}}]\n");
  ASSERT_TRUE(config) << config.error().message;
  const auto& entry = config->services.at(0).collect.at(0);
  const auto user = [&](const std::string& node) {
    return dynamic_cast<const OfferedCollector&>(**entry.of({node, ""})).user;
  };
  EXPECT_EQ(user("a"), "own");
  EXPECT_EQ(user("found"), "mon");
  EXPECT_EQ(entry.all().size(), 2U);
}

TEST_F(LoadConfig, TheFullExampleNamesCanonicalPoliciesByDimension) {
  const auto canonical = example("full.yml").services.at(0).settings.canonical;
  ASSERT_EQ(canonical.size(), 4U);
  EXPECT_EQ(canonical.at("schema").kind, PolicyKind::primary);
  EXPECT_EQ(canonical.at("config").kind, PolicyKind::majority);
  EXPECT_EQ(canonical.at("schema_version").kind, PolicyKind::declared);
  const auto& file = std::get<FileSource>(canonical.at("schema_version").source);
  EXPECT_EQ(file.path, folder_ / "deploys/target.json");
  EXPECT_EQ(file.json, "/schema_version");
  EXPECT_EQ(std::get<Literal>(canonical.at("software_version").source).state, "15.8");
}

TEST_F(LoadConfig, TheFullExampleAllows) {
  const auto config = example("full.yml");
  const auto& allow = config.services.at(0).settings.allow;
  ASSERT_EQ(allow.size(), 2U);
  EXPECT_EQ(allow[0].service, "orders-db");
  EXPECT_EQ(allow[0].dimension, "schema_version");
  EXPECT_THAT(allow[0].nodes, ElementsAre("pg-3"));
  EXPECT_THAT(allow[0].states, ElementsAre("41"));
  EXPECT_THAT(allow[1].keys, ElementsAre("work_mem"));
  EXPECT_EQ(allow[1].who, "dba");
  EXPECT_EQ(allow[1].why, "reporting replica");
  EXPECT_EQ(format_timestamp(allow[1].until), "2027-03-01T00:00:00Z");
  EXPECT_THAT(config.services.at(1).settings.allow, IsEmpty());
}

TEST_F(LoadConfig, TheFullExampleHasWindows) {
  const auto windows = example("full.yml").maintenance;
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[0].weekday, 0);
  EXPECT_EQ(windows[0].begins, hours(2));
  EXPECT_EQ(windows[0].ends, hours(4));
  EXPECT_EQ(windows[0].timezone, "Europe/Berlin");
  EXPECT_EQ(windows[0].once, std::nullopt);
  EXPECT_THAT(windows[1].services, ElementsAre("orders-db", "tenants"));
  ASSERT_TRUE(windows[1].once);
  EXPECT_EQ(format_timestamp(windows[1].once->first), "2027-01-10T22:00:00Z");
  EXPECT_EQ(format_timestamp(windows[1].once->second), "2027-01-11T03:00:00Z");
}

TEST_F(LoadConfig, NodesOverrideAnySettingAndOnlyThoseThatDoHaveTheirOwnCollector) {
  const auto config = load(
      "services:\n"
      "  - name: tenants\n"
      "    nodes:\n"
      "      - {name: a, address: pg-7, database: tenant7}\n"
      "      - {name: b, address: pg-7, user: other, tls: {ca_file: b.pem}}\n"
      "      - {name: c, address: pg-8}\n"
      "      - {name: d, address: pg-9}\n"
      "    collect: [{postgres: {user: mon, password_file: pg.pass, tls: {ca_file: ca.pem}}}]\n");
  ASSERT_TRUE(config) << config.error().message;
  const auto& entry = config->services.at(0).collect.at(0);
  EXPECT_EQ(collector(entry, "a").database, "tenant7");
  EXPECT_EQ(collector(entry, "a").user, "mon");
  EXPECT_EQ(collector(entry, "a").ca_file, folder_ / "ca.pem");
  EXPECT_EQ(collector(entry, "b").user, "other");
  EXPECT_EQ(collector(entry, "b").ca_file, folder_ / "b.pem");
  EXPECT_EQ(collector(entry, "b").password, Secret("hunter2"));
  EXPECT_EQ(entry.by_node.at("c"), entry.by_node.at("d"));
  EXPECT_NE(entry.by_node.at("a"), entry.by_node.at("c"));
}

TEST_F(LoadConfig, ASettingThatEveryNodeGivesMayBeLeftOutOfTheService) {
  EXPECT_EQ(refused("services:\n"
                    "  - name: tenants\n"
                    "    nodes: [{name: a, address: a, user: x}, {name: b, address: b, user: y}]\n"
                    "    collect: [{postgres: {}}]\n"),
            "");
}

TEST_F(LoadConfig, AnOverrideOfOneCollectorIsNoErrorOfAnother) {
  const auto config = load(
      "services:\n"
      "  - name: orders\n"
      "    nodes: [{name: a, address: a, database: x}, {name: b, address: b, path: /y}]\n"
      "    collect: [{postgres: {user: mon}}, {probe: {dimension: feature_flags}}]\n");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->services.at(0).collect.size(), 2U);
  EXPECT_THAT(config->services[0].collect[1].by_node.at("a")->dimensions(),
              ElementsAre("feature_flags"));
}

TEST_F(LoadConfig, CadencesThatAreNotSaidFitThoseThatAre) {
  const auto fast = load("global: {poll_interval: 600ms}\n" + with("")).value().cadences;
  EXPECT_EQ(fast.poll_timeout, milliseconds(300));
  EXPECT_EQ(fast.position_interval, milliseconds(600));
  EXPECT_EQ(fast.deep_interval, seconds(60));
  const auto slow = load("global: {poll_interval: 5m}\n" + with("")).value().cadences;
  EXPECT_EQ(slow.poll_timeout, seconds(5));
  EXPECT_EQ(slow.position_interval, seconds(1));
  EXPECT_EQ(slow.deep_interval, minutes(5));
}

TEST_F(LoadConfig, ToleratesACountOrAShare) {
  const auto tolerated = [this](const std::string& value) {
    const auto config = load(with("    tolerate_unknown: " + value + "\n"));
    return config.value().services.at(0).settings.tolerate_unknown.value();
  };
  EXPECT_DOUBLE_EQ(tolerated("3"), 3);
  EXPECT_DOUBLE_EQ(tolerated("1"), 1);
  EXPECT_DOUBLE_EQ(tolerated("1%"), 0.01);
  EXPECT_DOUBLE_EQ(tolerated("0.5"), 0.5);
}

TEST_F(LoadConfig, OneWordIsThePolicyOfEveryDimension) {
  const auto canonical =
      load(with("    canonical: primary\n")).value().services.at(0).settings.canonical;
  ASSERT_EQ(canonical.size(), 1U);
  EXPECT_EQ(canonical.at("").kind, PolicyKind::primary);
}

TEST_F(LoadConfig, AWindowMayEndAtMidnightOrOnTheNextDay) {
  const auto window = [this](const std::string& weekly) {
    return load(with("maintenance: [{services: [orders], weekly: " + weekly + ", why: x}]\n"))
        .value()
        .maintenance.at(0);
  };
  const auto midnight = window("Sat 00:00-24:00");
  EXPECT_EQ(midnight.weekday, 6);
  EXPECT_EQ(midnight.begins, minutes(0));
  EXPECT_EQ(midnight.ends, hours(24));
  EXPECT_EQ(midnight.timezone, "UTC");
  EXPECT_EQ(window("Mon 23:30-01:15").ends, minutes(75));
}

// A reload must not fail because time went by.
TEST_F(LoadConfig, WhatHasEndedStillLoads) {
  EXPECT_EQ(refused(with("maintenance: [{services: [orders], from: 2001-01-01, "
                         "until: 2001-01-02, why: x}]\n"
                         "allow: [{service: orders, dimension: config, why: a, who: b, "
                         "until: 2001-01-01}]\n")),
            "");
}

TEST_F(LoadConfig, LoadsAgainAfterAnError) {
  EXPECT_EQ(refused(with("")), "");
  EXPECT_NE(refused("services: []"), "");
  EXPECT_EQ(refused(with("    tier: b\n")), "");
}

TEST_F(LoadConfig, AMissingFileIsAnErrorThatNamesIt) {
  const auto config = load_config(folder_ / "absent.yml", fake_kinds());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message,
            "cannot read " + (folder_ / "absent.yml").string() + ": No such file or directory");
}

TEST_F(LoadConfig, PathsAreJoinedToTheFolderOfARelativeFileToo) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  write("config.yml", with("    changes: {schema: {file: a/../b.json}}\n"));
  const auto config = load_config("config.yml", fake_kinds());
  std::filesystem::current_path(before);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(std::get<FileSource>(config->services.at(0).settings.changes.at("schema")).path,
            folder_ / "b.json");
}

TEST_F(LoadConfig, ANameOfAnotherIsSuggested) {
  EXPECT_THAT(
      refused(with("maintenance: [{services: [order], weekly: Sat 00:00-24:00, why: x}]\n")),
      HasSubstr("there is no `order`, did you mean `orders`?"));
}

}  // namespace
}  // namespace mse
