// Target groups out of JSON, without a tree of it, and out of YAML.
#include "exporter/file_sd.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "exporter/node_text.h"
#include "exporter/text.h"
#include "exporter/yaml_tree.h"

namespace mse {
namespace {

constexpr std::size_t kMostLabels = 64;
constexpr std::string_view kShape =
    "expected a list of groups, each {targets: [host:port, …], labels: {name: value, …}}";

// Fills groups and says what is wrong with what comes.
class Groups {
 public:
  void begin() { groups_.emplace_back(); }

  std::optional<std::string> add_target(const std::string& address) {
    if (!is_name(address) || !is_address(address))
      return "expected a target that is host:port, not `" + repaired(address, 64) + "`";
    if (++targets_ > kFileSdTargets)
      return "expected at most " + std::to_string(kFileSdTargets) + " targets";
    groups_.back().targets.push_back(address);
    return std::nullopt;
  }

  // An empty value is as good as none.
  std::optional<std::string> add_label(const std::string& name, const std::string& value) {
    auto& labels = groups_.back().labels;
    if (!is_label_name(name) || name.size() > 256)
      return "expected a label's name, not `" + repaired(name, 64) + "`";
    if (!value.empty() && !is_name(value))
      return "expected the value of label `" + repaired(name, 64) +
             "` to be UTF-8 of at most 256 bytes without control characters";
    if (labels.size() >= kMostLabels)
      return "expected at most " + std::to_string(kMostLabels) + " labels in a group";
    if (!value.empty() && !labels.emplace(name, value).second)
      return "expected label `" + repaired(name, 64) + "` once in a group";
    return std::nullopt;
  }

  std::size_t count() const { return groups_.size(); }
  std::vector<TargetGroup> take() { return std::move(groups_); }

 private:
  std::vector<TargetGroup> groups_;
  std::size_t targets_ = 0;
};

// The one shape there may be, as nlohmann's parser meets it.
class JsonGroups : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return refuse(); }
  bool boolean(bool /*value*/) override { return refuse(); }
  bool number_integer(std::int64_t /*value*/) override { return refuse(); }
  bool number_unsigned(std::uint64_t /*value*/) override { return refuse(); }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return refuse(); }
  bool binary(nlohmann::json::binary_t& /*value*/) override { return refuse(); }

  bool start_array(std::size_t /*size*/) override {
    if (at_ == At::file) return go(At::groups);
    return at_ == At::group && key_ == "targets" ? go(At::targets) : refuse();
  }
  bool end_array() override { return go(at_ == At::targets ? At::group : At::end); }

  bool start_object(std::size_t /*size*/) override {
    if (at_ == At::group && key_ == "labels") return go(At::labels);
    if (at_ != At::groups) return refuse();
    groups.begin();
    seen_targets_ = seen_labels_ = false;
    return go(At::group);
  }
  bool end_object() override { return go(at_ == At::labels ? At::group : At::groups); }

  bool key(std::string& name) override {
    key_ = name;
    if (at_ == At::labels) return true;
    if (name != "targets" && name != "labels")
      return refuse("unknown key `" + repaired(name, 64) + "`, known are labels, targets");
    bool& seen = name == "targets" ? seen_targets_ : seen_labels_;
    if (seen) return refuse("duplicate key `" + name + "`");
    return seen = true;
  }

  bool string(std::string& value) override {
    if (at_ != At::targets && at_ != At::labels) return refuse();
    const auto wrong =
        at_ == At::targets ? groups.add_target(value) : groups.add_label(key_, value);
    return wrong ? refuse(*wrong) : true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    why = "expected JSON; it is broken at byte " + std::to_string(position);
    return false;
  }

  Groups groups;
  std::string why;

 private:
  enum class At { file, groups, group, targets, labels, end };

  bool go(At next) {
    at_ = next;
    return true;
  }
  bool refuse(const std::string& reason = std::string(kShape)) {
    why = "group " + std::to_string(groups.count()) + ": " + reason;
    return false;
  }

  At at_ = At::file;
  std::string key_;
  bool seen_targets_ = false, seen_labels_ = false;
};

Result<std::vector<TargetGroup>> parse_json(const std::string& bytes, const std::string& file) {
  if (bytes.size() > kFileSdBytes)
    return fail(file + ": expected at most " + std::to_string(kFileSdBytes) + " bytes");
  JsonGroups reader;
  if (!nlohmann::json::sax_parse(bytes, &reader)) return fail(file + ": " + reader.why);
  return reader.groups.take();
}

tl::unexpected<Error> wrong_at(const std::string& file, Place place, std::string_view why) {
  return fail(file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
              std::string(why));
}

Result<void> add_targets(Groups& groups, const Yaml& list, const std::string& file) {
  if (list.kind != Yaml::Kind::list) return wrong_at(file, list.place, kShape);
  for (const auto& item : list.items) {
    if (item->kind != Yaml::Kind::text) return wrong_at(file, item->place, kShape);
    if (const auto wrong = groups.add_target(item->text))
      return wrong_at(file, item->place, *wrong);
  }
  return {};
}

Result<void> add_labels(Groups& groups, const Yaml& map, const std::string& file) {
  if (map.kind == Yaml::Kind::null) return {};
  if (map.kind != Yaml::Kind::map) return wrong_at(file, map.place, kShape);
  for (const auto& [name, entry] : map.entries) {
    if (entry.value->kind != Yaml::Kind::text) return wrong_at(file, entry.place, kShape);
    if (const auto wrong = groups.add_label(name, entry.value->text))
      return wrong_at(file, entry.place, *wrong);
  }
  return {};
}

Result<void> add_group(Groups& groups, const Yaml& map, const std::string& file) {
  if (map.kind != Yaml::Kind::map) return wrong_at(file, map.place, kShape);
  groups.begin();
  for (const auto& [key, entry] : map.entries) {
    if (key != "targets" && key != "labels")
      return wrong_at(file, entry.place,
                      "unknown key `" + repaired(key, 64) + "`, known are labels, targets");
    auto added = key == "targets" ? add_targets(groups, *entry.value, file)
                                  : add_labels(groups, *entry.value, file);
    if (!added) return added;
  }
  return {};
}

Result<std::vector<TargetGroup>> parse_yaml_groups(const std::string& bytes,
                                                   const std::string& file) {
  const auto tree = parse_yaml(bytes, file);
  if (!tree) return tl::unexpected(tree.error());
  if ((*tree)->kind != Yaml::Kind::list) return wrong_at(file, (*tree)->place, kShape);
  Groups groups;
  for (const auto& item : (*tree)->items) {
    const auto added = add_group(groups, *item, file);
    if (!added) return tl::unexpected(added.error());
  }
  return groups.take();
}

}  // namespace

Result<std::vector<TargetGroup>> parse_file_sd(const std::string& bytes, const std::string& file) {
  const bool yaml = file.ends_with(".yml") || file.ends_with(".yaml");
  return yaml ? parse_yaml_groups(bytes, file) : parse_json(bytes, file);
}

}  // namespace mse
