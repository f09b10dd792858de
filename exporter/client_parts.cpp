// Answers of exporters, read with the doubt that all remote bytes deserve.
#include "exporter/client_parts.h"

#include <algorithm>
#include <cmath>

#include "exporter/query_string.h"
#include "exporter/text.h"

namespace mse {
namespace {

constexpr std::size_t kTextBytes = 400;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string complaint(const std::string& url, int status, const Json& body) {
  const std::string error = text_at(body, "error");
  return url + ": " + (error.empty() ? "answers with status " + std::to_string(status) : error);
}

// Of a question that will not become right by waiting.
bool is_refusal(int status) {
  return status >= 400 && status < 500 && status != 408 && status != 429;
}

}  // namespace

Heard ask_all(const ClientOptions& options, const std::string& path, const Outside& outside) {
  Heard heard;
  std::size_t refusals = 0;
  for (const std::string& url : options.urls) {
    const auto answer = outside.ask(without_slash(url) + path);
    if (!answer) {
      heard.complaints.push_back(url + ": " + repaired(answer.error().message, kTextBytes));
      continue;
    }
    Json body = Json::parse(answer->body, nullptr, false);
    if (answer->status == 200 && body.is_object()) {
      heard.answers.push_back(std::move(body));
    } else {
      heard.complaints.push_back(complaint(url, answer->status, body));
      if (is_refusal(answer->status)) ++refusals;
    }
  }
  heard.refused = refusals > 0 && refusals == options.urls.size();
  return heard;
}

std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out.append(out.empty() ? "?" : "&").append(name).append("=").append(query_escaped(value));
  }
  return out;
}

std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return repaired(found->get<std::string>(), kTextBytes);
}

Json list_at(const Json& object, const char* key) {
  if (!object.is_object()) return Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : Json::array();
}

bool is_set(const Json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::string percent_at(const Json& object, const char* key) {
  if (!object.is_object()) return "-";
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return "-";
  const double ratio = std::clamp(found->get<double>(), 0.0, 1.0);
  const auto tenths = std::lround(ratio * 1000);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

std::size_t count_at(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

}  // namespace mse
