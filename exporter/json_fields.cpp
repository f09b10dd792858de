// Reading within budgets, and the words for what is wrong.
#include "exporter/json_fields.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "exporter/text.h"

namespace mse {
namespace {

using nlohmann::json;

constexpr std::size_t kListed = 10000;
constexpr std::size_t kDepth = 8;

// Watches a document while it is parsed: the library keeps the last of two equal keys.
class Watch {
 public:
  bool operator()(int /*depth*/, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start)
      enter();
    if (event == json::parse_event_t::object_end || event == json::parse_event_t::array_end)
      keys_.pop_back();
    if (event == json::parse_event_t::key) {
      auto key = parsed.get<std::string>();
      if (!keys_.back().insert(key).second && wrong_.empty())
        wrong_ = repaired(key) + ": given twice";
    }
    return true;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  void enter() {
    keys_.emplace_back();
    if (keys_.size() > kDepth && wrong_.empty())
      wrong_ = "nested deeper than " + std::to_string(kDepth);
  }

  std::vector<std::set<std::string>> keys_;  // of the objects and lists around
  std::string wrong_;
};

// "a, b or c".
std::string listed(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += &word + 1 == words.end() ? " or " : ", ";
    out += word;
  }
  return out;
}

}  // namespace

Result<json> parse_any_json(std::string_view text) {
  auto value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return fail("not valid JSON");
  return value;
}

Result<json> parse_json_object(std::string_view text) {
  Watch watch;
  auto value = json::parse(text, std::ref(watch), false);
  if (value.is_discarded()) return fail("not valid JSON");
  if (!watch.wrong().empty()) return fail(watch.wrong());
  if (!value.is_object()) return fail("expected a JSON object");
  return value;
}

std::string text_of_json(const json& value) {
  if (value.is_string()) return repaired(value.get_ref<const std::string&>());
  if (value.is_number_integer()) return value.dump();
  return "";
}

bool JsonFields::has(const char* key) const {
  return object_.contains(key);
}

std::string JsonFields::text(const char* key, bool required) {
  const auto found = object_.find(key);
  if (found == object_.end() && required) wrong(key, "is missing");
  if (found == object_.end()) return "";
  auto value = text_of_json(*found);
  if (value.empty()) wrong(key, "expected a string that is not empty");
  return value;
}

std::vector<std::string> JsonFields::list(const char* key) {
  std::vector<std::string> out;
  const auto found = object_.find(key);
  if (found == object_.end()) return out;
  const bool strings =
      found->is_array() && found->size() <= kListed &&
      std::all_of(found->begin(), found->end(), [](const json& item) { return item.is_string(); });
  if (!strings) wrong(key, "expected a list of strings");
  if (strings)
    for (const json& item : *found) out.push_back(text_of_json(item));
  return out;
}

const json* JsonFields::object(const char* key) {
  const auto found = object_.find(key);
  if (found == object_.end()) return nullptr;
  if (!found->is_object()) wrong(key, "expected an object");
  return found->is_object() ? &*found : nullptr;
}

void JsonFields::only(std::initializer_list<std::string_view> keys) {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      wrong(repaired(key), "unknown key; expected " + listed(keys));
  }
}

void JsonFields::wrong(const std::string& key, const std::string& what) {
  if (error_.empty()) error_ = key + ": " + what;
}

}  // namespace mse
