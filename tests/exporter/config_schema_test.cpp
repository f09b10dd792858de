// The JSON Schema that editors use knows exactly the keys that the loader takes.
#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/config_folder.h"
#include "tests/support/tests_dir.h"

namespace mse {
namespace {

using nlohmann::json;

const std::filesystem::path kDeploy = tests_dir().parent_path() / "deploy";

// JSON is YAML too, and easier to change.
json as_json(const YAML::Node& node) {
  if (node.IsScalar()) return node.as<std::string>();
  json all = node.IsSequence() ? json::array() : json::object();
  if (node.IsSequence())
    for (const auto& item : node) all.push_back(as_json(item));
  else
    for (const auto& entry : node) all[entry.first.as<std::string>()] = as_json(entry.second);
  return all;
}

// Walks the examples and the schema side by side. At each map with fixed keys it adds a key
// that nothing is near to: the error then lists every key the loader knows there.
class ConfigSchema : public ConfigFolder {
 protected:
  const json* resolved(const json* schema) const {
    const auto ref = schema->find("$ref");
    if (ref == schema->end()) return schema;
    return resolved(&schema_.at(json::json_pointer(ref->get<std::string>().substr(1))));
  }

  // The alternative of a oneOf that is for a `type`, if `schema` has some.
  const json* alternative(const json* schema, const std::string& type) const {
    const auto choices = schema->find("oneOf");
    if (choices == schema->end()) return schema;
    for (const auto& choice : *choices)
      if (resolved(&choice)->value("type", json()) == type) return resolved(&choice);
    return schema;
  }

  // The keys known in the map at `where` of the example at hand, by the loader's own word.
  std::set<std::string> known_at(const json::json_pointer& where) {
    json changed = example_;
    changed[where]["zzzzzzzzzzzz"] = 1;
    const auto config = load_config(write("config.yml", changed.dump()), collector_kinds());
    const std::string message = config ? "no error" : config.error().message;
    const std::string before = "unknown key `zzzzzzzzzzzz`, known ";
    const auto list = message.find(before);
    EXPECT_NE(list, std::string::npos) << message;
    if (list == std::string::npos) return {};
    std::set<std::string> known;
    std::istringstream words(message.substr(list + before.size()));
    std::string word;
    words >> word;  // is or are
    while (words >> word) known.insert(word.substr(0, word.find(',')));
    return known;
  }

  void compare_keys(const json& schema, const json::json_pointer& where) {
    const auto& properties = schema.at("properties");
    visited_.insert(&properties);
    if (schema.contains("maxProperties")) return;  // a kind of collectors: any, but one
    std::set<std::string> expected;
    for (const auto& [key, value] : properties.items()) expected.insert(key);
    const auto known = known_at(where);
    if (schema.at("additionalProperties") == false)
      EXPECT_EQ(known, expected) << "at " << where;
    else
      EXPECT_THAT(known, testing::IsSupersetOf(expected)) << "at " << where;
  }

  void compare_map(const json& schema, const json& value, const json::json_pointer& where) {
    if (schema.contains("properties")) compare_keys(schema, where);
    const auto properties = schema.value("properties", json::object());
    for (const auto& [key, below] : value.items()) {
      if (properties.contains(key))
        compare(schema.at("properties").at(key), below, where / key);
      else if (schema.at("additionalProperties").is_object())
        compare(schema.at("additionalProperties"), below, where / key);
      else
        EXPECT_EQ(schema.at("additionalProperties"), true) << "not known: " << where / key;
    }
  }

  void compare(const json& any_schema, const json& value, const json::json_pointer& where) {
    const auto& schema = *resolved(&any_schema);
    if (value.is_object()) compare_map(*alternative(&schema, "object"), value, where);
    if (!value.is_array()) return;
    const auto& items = alternative(&schema, "array")->at("items");
    for (std::size_t i = 0; i < value.size(); ++i) compare(items, value[i], where / i);
  }

  // Every map with fixed keys in the schema.
  static void properties_in(const json& schema, std::set<const json*>& all) {
    if (!schema.is_structured()) return;
    if (schema.contains("properties")) all.insert(&schema.at("properties"));
    for (const auto& part : schema) properties_in(part, all);
  }

  json schema_ = json::parse(bytes_of(kDeploy / "config.schema.json"));
  json example_;
  std::set<const json*> visited_;
};

TEST_F(ConfigSchema, KnowsExactlyTheKeysOfTheLoader) {
  for (const auto& file : files_in(kDeploy / "examples")) {
    example_ = as_json(YAML::Load(bytes_of(file)));
    compare(schema_, example_, json::json_pointer());
  }
  std::set<const json*> all;
  properties_in(schema_, all);
  for (const auto* properties : all)
    EXPECT_TRUE(visited_.contains(properties))
        << "no example shows anything of: " << properties->dump();
}

TEST_F(ConfigSchema, ShippedExamplesLoadWithTheProgramsCollectors) {
  for (const auto& file : files_in(kDeploy / "examples")) {
    const auto config = load_config(write("config.yml", bytes_of(file)), collector_kinds());
    EXPECT_TRUE(config) << file << ": " << config.error().message;
  }
}

}  // namespace
}  // namespace mse
