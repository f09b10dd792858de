// A strict view of one JSON object that pipelines write: what is wrong in it is named.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/result.h"

namespace mse {

// The object in `text`. Refused are: what is no JSON, any other value, a key given twice in one
// object, and what is nested deeper than 8. Takes no more than a small multiple of the text.
Result<nlohmann::json> parse_json_object(std::string_view text);

// Any JSON value, of any depth.
Result<nlohmann::json> parse_any_json(std::string_view text);

// Reads one key after the other and keeps the first error, "key: what was expected". Texts are
// repaired and at most 256 bytes, lists have at most 10,000 of them. The object must outlive it.
class JsonFields {
 public:
  explicit JsonFields(const nlohmann::json& object) : object_(object) {}

  bool has(const char* key) const;
  // A string that is not empty, or a whole number spelled out, for versions are often written bare.
  std::string text(const char* key, bool required = true);
  std::vector<std::string> list(const char* key);  // of strings; empty when the key is missing
  // Null when it is missing or no object.
  const nlohmann::json* object(const char* key);
  // Any other key is an error.
  void only(std::initializer_list<std::string_view> keys);

  void wrong(const std::string& key, const std::string& what);
  const std::string& error() const { return error_; }

 private:
  const nlohmann::json& object_;
  std::string error_;
};

// A string as text() reads it; empty: it is none.
std::string text_of_json(const nlohmann::json& value);

}  // namespace mse
