// Bounded JSON and its parts.
#include "collectors/http_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "collectors/parts.h"
#include "collectors/secrets.h"
#include "exporter/fingerprint.h"
#include "exporter/text.h"

namespace mse {

namespace {

using nlohmann::json;

constexpr std::size_t kDepth = 64, kValues = 200'000, kParts = 10'000, kDigest = 32;
constexpr std::size_t kPathBytes = 200;
constexpr double kExact = 9007199254740992.0;  // 2^53: doubles above skip whole numbers

tl::unexpected<Failure> too_large(const std::string& what) {
  return tl::unexpected(Failure{Reason::too_large, what});
}

// Depth and an upper bound of the values of `text`, told without building anything.
struct Extent {
  std::size_t depth = 0, deepest = 0, values = 1;
  bool quoted = false, escaped = false;

  void take(char c) {
    if (quoted) {
      const bool ends = !escaped && c == '"';
      escaped = !escaped && c == '\\';
      quoted = !ends;
      return;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == '[' || c == '{' || c == ',') ++values;
  }
};

// The member that names the objects of a list, if all have one and no two the same.
std::string naming_member(const json& list) {
  for (const auto* member : {"key", "name", "id"}) {
    std::set<std::string> seen;
    const bool all = std::all_of(list.begin(), list.end(), [&](const json& item) {
      if (!item.is_object() || !item.contains(member)) return false;
      const auto& name = item.at(member);
      return name.is_string() && seen.insert(name.get_ref<const std::string&>()).second;
    });
    if (all && !list.empty()) return member;
  }
  return "";
}

// No name of a member: in those, ~ is followed by 0 or 1.
constexpr auto *kRoot = "~", *kNameless = "~~";

// As in JSON pointers, so that no two places have one path.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

class Leaves {
 public:
  explicit Leaves(const std::set<std::string>& ignore) : ignore_(ignore) {}

  // Recursive, as deep as parse_json lets a document be.
  void walk(const json& value, const std::string& path, bool secret) {
    if (value.is_object() && !value.empty()) return walk_object(value, path, secret);
    if (value.is_array() && !value.empty()) return walk_list(value, path, secret);
    const bool guarded = secret || (value.is_string() && is_secret("", value.get<std::string>()));
    auto& into = guarded ? secrets_ : parts_;
    into[path.empty() ? kRoot : path] =
        value.is_string() ? "=" + value.get<std::string>() : value.dump();
  }

  bool fits() const { return parts_.size() + secrets_.size() <= kParts; }

  State state(const std::string& hmac_key) const {
    std::map<std::string, std::string> digests;
    // Long paths are cut by name and stay apart by the digest in it.
    for (const auto& [path, value] : parts_)
      digests[repaired(path, kPathBytes)] = sha256_hex(value).substr(0, kDigest);
    auto state = state_of("http_json/1", std::move(digests));
    std::string all;
    for (const auto& [path, value] : secrets_) all += framed({path, value});
    if (!all.empty()) state.key.secret_digest = hmac_hex(hmac_key, all);
    return state;
  }

 private:
  static std::string below(const std::string& path, const std::string& name) {
    const auto last = name.empty() ? std::string(kNameless) : escaped(name);
    return path.empty() ? last : path + "/" + last;
  }

  void walk_object(const json& value, const std::string& path, bool secret) {
    for (const auto& [name, member] : value.items()) {
      if (!fits()) return;
      if (!ignore_.contains(name)) walk(member, below(path, name), secret || is_secret_name(name));
    }
  }

  void walk_list(const json& list, const std::string& path, bool secret) {
    const auto member = naming_member(list);
    for (std::size_t i = 0; i < list.size() && fits(); ++i) {
      const auto& item = list[i];
      const auto name = member.empty() ? std::to_string(i) : item.at(member).get<std::string>();
      walk(item, below(path, name), secret);
    }
  }

  const std::set<std::string>& ignore_;
  std::map<std::string, std::string> parts_, secrets_;
};

}  // namespace

Polled<json> parse_json(std::string_view text) {
  Extent extent;
  for (const char c : text) extent.take(c);
  if (extent.deepest > kDepth) return too_large("JSON of more than 64 levels");
  if (extent.values > kValues) return too_large("JSON of more than 200000 values");
  auto document = json::parse(text, nullptr, false);
  if (document.is_discarded())
    return tl::unexpected(Failure{Reason::protocol, "the body is no JSON"});
  return document;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1))
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  return true;
}

const json* find_json(const json& document, const std::string& pointer) {
  try {
    const json::json_pointer where(pointer);
    return document.contains(where) ? &document.at(where) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

std::optional<std::string> spelled(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

std::optional<std::uint64_t> count_of(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (number < 0 || number > kExact || number != std::floor(number)) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

bool is_secret_name(std::string_view name) {
  std::string plain(name);
  for (auto& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  constexpr std::array<std::string_view, 9> kWords{"password", "passwd",     "secret",
                                                   "token",    "credential", "private_key",
                                                   "api_key",  "apikey",     "access_key"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](auto word) { return plain.find(word) != std::string::npos; });
}

Polled<State> state_of_json(const json& value, const std::set<std::string>& ignore,
                            const std::string& hmac_key) {
  Leaves leaves(ignore);
  leaves.walk(value, "", false);
  if (!leaves.fits()) return too_large("JSON of more than 10000 parts");
  return leaves.state(hmac_key);
}

}  // namespace mse
